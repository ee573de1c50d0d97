//! The clock cell: two words, one writer, any reader.

use clocked_lanes::models::{ClockWriter, clock};
use clocked_lanes::{Clock, Seq};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use crate::explore;

fn at(n: u64) -> Clock {
    Clock {
        seq: Seq::from(n),
        dispatched: 10 * n,
    }
}

fn publish_up_to(mut writer: ClockWriter, last: u64) {
    for n in 1..=last {
        writer.publish(at(n));
    }
}

/// A reading is a pair that was published.
#[test]
fn a_reading_is_a_published_pair() {
    explore::all("clock: a reading is a published pair", || {
        let (writer, cell) = clock(at(0));
        thread::spawn(move || publish_up_to(writer, 2));
        if let Some(clock) = cell.try_read() {
            assert_eq!(clock, at(clock.seq.get()));
        }
    });
}

/// Of two readings by one thread, the second is not the earlier one.
#[test]
fn the_clock_does_not_go_back() {
    explore::all("clock: the clock does not go back", || {
        let (writer, cell) = clock(at(0));
        thread::spawn(move || publish_up_to(writer, 1));
        let first = cell.seq();
        if let Some(clock) = cell.try_read() {
            assert_eq!(clock, at(clock.seq.get()));
            assert!(clock.seq.get() >= first);
        }
    });
}

/// A reader that comes in between tries again until it has a pair.
#[test]
fn a_reader_tries_again() {
    explore::all("clock: a reader tries again", || {
        let (writer, cell) = clock(at(0));
        thread::spawn(move || publish_up_to(writer, 1));
        let clock = cell.read();
        assert_eq!(clock, at(clock.seq.get()));
    });
}

/// Who reads `n`, by either way of reading, sees what the writer did before it published `n`.
#[test]
fn a_reading_brings_what_came_before_it() {
    for whole in [false, true] {
        explore::all("clock: a reading brings what came before it", move || {
            let (mut writer, cell) = clock(at(0));
            let work = Arc::new(AtomicU64::new(0));
            let done = Arc::clone(&work);
            thread::spawn(move || {
                done.store(1, Ordering::Relaxed);
                writer.publish(at(1));
            });
            let seq = if whole {
                cell.try_read().map_or(0, |clock| clock.seq.get())
            } else {
                cell.seq()
            };
            assert!(work.load(Ordering::Relaxed) >= seq);
        });
    }
}
