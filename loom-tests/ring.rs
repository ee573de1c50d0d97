//! The ring: one producer, one consumer, and the question for space.

use clocked_lanes::models::ring;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::explore;

/// Values come out as they went in, through a ring that is smaller than their number, and slots are
/// reused only when they are free (loom watches the cells).
#[test]
fn values_pass_in_order() {
    explore::all("ring: values pass in order", || {
        let (mut producer, consumer) = ring::<Box<u32>>(2);
        let producing = thread::spawn(move || {
            for n in 0..3 {
                while producer.len() == 2 {
                    producer.refresh();
                    thread::yield_now();
                }
                producer.push(Box::new(n));
                if n != 1 {
                    producer.commit();
                }
            }
        });
        for expected in 0..3 {
            let value = loop {
                match consumer.pop() {
                    Some(value) => break value,
                    None => thread::yield_now(),
                }
            };
            assert_eq!(*value, expected);
            let _ = consumer.commit();
        }
        producing.join().unwrap();
    });
}

/// Values that nobody takes are dropped with the ring, whichever end goes last. Loom reports leaks.
#[test]
fn ends_may_go_at_any_time() {
    explore::all("ring: ends may go at any time", || {
        let (mut producer, consumer) = ring::<Arc<()>>(2);
        let value = Arc::new(());
        let sent = Arc::clone(&value);
        let producing = thread::spawn(move || {
            producer.push(Arc::clone(&sent));
            producer.commit();
            producer.push(sent);
        });
        drop(consumer.pop());
        drop(consumer);
        producing.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

/// A producer that asks for space finds it at once, or the consumer learns of the question. There is no
/// execution in which it sleeps on while a slot is free.
#[test]
fn a_question_for_space_is_not_lost() {
    explore::all("ring: a question for space is not lost", || {
        let (mut producer, consumer) = ring::<u32>(1);
        producer.push(1);
        producer.commit();
        let told = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&told);
        let consuming = thread::spawn(move || {
            assert_eq!(consumer.pop(), Some(1));
            if consumer.commit() {
                tell.store(true, Ordering::Relaxed);
            }
            consumer
        });
        producer.ask_for_space();
        let found = producer.len() == 0;
        if found {
            // As the engine does: without another look.
            producer.push(2);
        }
        let consumer = consuming.join().unwrap();
        if !found {
            assert!(told.load(Ordering::Relaxed));
            producer.refresh();
            producer.push(2);
        }
        producer.commit();
        assert_eq!(consumer.pop(), Some(2));
    });
}
