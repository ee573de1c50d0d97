//! Those who wait in other ways than a receiver's thread does: tasks, a thread with several receivers, and senders
//! who wait for a number or for the end.

use clocked_lanes::models::lane;
use clocked_lanes::{
    DisconnectReason, Dispatcher, Forwarding, Order, Progress, ProgressError, Select, Seq,
};
use loom::future::block_on;
use loom::thread;

use crate::dispatch::dispatcher;
use crate::explore;

/// A task that waits for an event is woken by it.
#[test]
fn s5_a_message_wakes_a_task() {
    explore::bounded("waiting: S5, a message wakes a task", 1, || {
        let (tx, mut rx) = dispatcher(1, 1).channel("a").unwrap();
        let receiving = thread::spawn(move || {
            let event = block_on(rx.recv_async()).unwrap();
            assert_eq!(event.into_message(), Some((Seq::from(1), 7)));
        });
        tx.send(7).unwrap();
        receiving.join().unwrap();
    });
}

/// A task that waits for space in its lane is woken when there is some.
#[test]
fn s7_space_wakes_a_task() {
    explore::bounded("waiting: S7, space wakes a task", 1, || {
        let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        let sending = thread::spawn(move || block_on(tx.send_async(3)).unwrap());
        rx.recv_message().unwrap();
        rx.recv_message().unwrap();
        sending.join().unwrap();
    });
}

/// A thread that waits for two receivers is woken by what comes to either.
#[test]
fn s5_either_of_two_receivers_wakes() {
    explore::bounded("waiting: S5, either of two receivers wakes", 1, || {
        let dispatcher = dispatcher(1, 1);
        let (_a, for_a) = dispatcher.channel("a").unwrap();
        let (b, for_b) = dispatcher.channel("b").unwrap();
        let sending = thread::spawn(move || b.send(7).unwrap());
        let mut select = Select::new();
        select.recv(&for_a);
        let at_b = select.recv(&for_b);
        while select.ready() != at_b {
            // A tick, for the same number.
            for_a.try_recv().unwrap();
        }
        assert_eq!(for_b.try_recv_message(), Ok((Seq::from(1), 7)));
        sending.join().unwrap();
    });
}

/// C2: who waits for its number gets it, though nobody receives.
#[test]
fn c2_a_number_wakes_its_sender() {
    explore::bounded("waiting: C2, a number wakes its sender", 1, || {
        let dispatcher = dispatcher(2, 1);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        let batch = thread::spawn(move || tx.send_batch_sequenced([1, 2]).unwrap());
        let numbers = batch.join().unwrap();
        assert_eq!(numbers, Seq::from(1)..=Seq::from(2));
        assert!(dispatcher.clock().seq >= *numbers.end());
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 1)));
        assert_eq!(rx.recv_message(), Ok((Seq::from(2), 2)));
    });
}

/// C2: a receiver that leaves while somebody waits for a number: the value comes back, or it has a number.
#[test]
fn c2_a_receiver_leaves_while_its_sender_waits() {
    explore::bounded(
        "waiting: C2, a receiver leaves while its sender waits",
        1,
        || {
            let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
            let sending = thread::spawn(move || match tx.send_sequenced(7) {
                Ok(number) => assert_eq!(number, Seq::from(1)),
                Err(error) => assert_eq!(error.into_inner(), 7),
            });
            drop(rx);
            sending.join().unwrap();
        },
    );
}

/// C2, S4: the rest of a batch that there was no space for arrives, and no tick before it.
#[test]
fn c2_the_rest_of_a_batch_arrives() {
    explore::bounded("waiting: C2, the rest of a batch arrives", 1, || {
        let dispatcher = dispatcher(2, 1);
        let (tx, rx) = dispatcher.channel("a").unwrap();
        tx.send(1).unwrap();
        let receiving = thread::spawn(move || {
            for n in 1..=3 {
                let event = rx.recv().unwrap();
                assert_eq!(event.into_message(), Some((Seq::from(n), n as u32)));
            }
        });
        tx.send_batch([2, 3]).unwrap();
        receiving.join().unwrap();
    });
}

/// A lane that is closed wakes who waits for that, without a dispatch around it.
#[test]
fn s9_a_closed_lane_wakes_who_waits_for_that() {
    explore::all(
        "waiting: S9, a closed lane wakes who waits for that",
        || {
            let (lane, end) = lane();
            let closing = thread::spawn(move || drop(end));
            lane.wait_closed();
            closing.join().unwrap();
        },
    );
}

/// S9: who waits for the end is told.
#[test]
fn s9_the_end_wakes_who_waits_for_it() {
    explore::bounded("waiting: S9, the end wakes who waits for it", 1, || {
        let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
        let waiting = thread::spawn(move || tx.wait_closed());
        drop(rx);
        assert_eq!(waiting.join().unwrap(), DisconnectReason::ReceiverGone);
    });
}

/// S7 in `Frontier`: a sender that is blocked wakes when there is space.
#[test]
fn s7_space_wakes_who_forwards() {
    explore::bounded("waiting: S7, space wakes who forwards", 1, || {
        let (tx, rx) = forwarding(Order::Frontier).channel("a").unwrap();
        // One in the inbox and one in the lane.
        for n in 1..=2 {
            tx.forward(n, 7).unwrap();
        }
        let sending = thread::spawn(move || tx.forward(3, 7).unwrap());
        rx.recv_message().unwrap();
        sending.join().unwrap();
    });
}

/// S7 in `Dense`: a task that is blocked wakes when there is space.
#[test]
fn s7_space_wakes_a_task_that_forwards() {
    explore::bounded("waiting: S7, space wakes a task that forwards", 1, || {
        let order = Order::Dense { window: 1 };
        let (tx, rx) = forwarding(order).channel("a").unwrap();
        for n in 1..=3 {
            tx.forward(n, 7).unwrap();
        }
        let sending = thread::spawn(move || block_on(tx.forward_async(4, 7)).unwrap());
        rx.recv_message().unwrap();
        sending.join().unwrap();
    });
}

/// S9: a task that waits for the end is told.
#[test]
fn s9_the_end_wakes_a_task() {
    explore::bounded("waiting: S9, the end wakes a task", 1, || {
        let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
        let waiting = thread::spawn(move || block_on(tx.closed_async()));
        drop(rx);
        assert_eq!(waiting.join().unwrap(), DisconnectReason::ReceiverGone);
    });
}

/// C1: a task that waits for a number wakes when it is observed.
#[test]
fn c1_a_number_wakes_a_task() {
    explore::bounded("waiting: C1, a number wakes a task", 1, || {
        let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
        let progress = rx.progress();
        let waiting = thread::spawn(move || block_on(progress.wait_for_async(1)));
        tx.send(7).unwrap();
        rx.recv().unwrap();
        assert_eq!(waiting.join().unwrap(), Ok(Seq::from(1)));
    });
}

/// C2: a task that waits for its number is told.
#[test]
fn c2_a_number_wakes_its_task() {
    explore::bounded("waiting: C2, a number wakes its task", 1, || {
        let (tx, rx) = dispatcher(1, 1).channel("a").unwrap();
        let sending = thread::spawn(move || block_on(tx.send_sequenced_async(7)));
        assert_eq!(rx.recv_message(), Ok((Seq::from(1), 7)));
        assert_eq!(sending.join().unwrap(), Ok(Seq::from(1)));
    });
}

/// `Dense`: a sender that is blocked wakes when a number is missing for good.
#[test]
fn a_missing_number_wakes_who_is_blocked() {
    explore::bounded("waiting: a missing number wakes who is blocked", 1, || {
        let order = Order::Dense { window: 1 };
        let (tx, _rx) = forwarding(order).channel("a").unwrap();
        let sending = thread::spawn(move || (5..9).any(|n| tx.forward(n, 7).is_err()));
        assert!(sending.join().unwrap());
    });
}

/// `Dense`: so does a thread that waits for the progress of a receiver which does not look.
#[test]
fn c1_a_missing_number_wakes_who_waits_for_progress() {
    a_missing_number_ends(
        "waiting: C1, a missing number wakes who waits for progress",
        |progress| progress.wait_for(2),
    );
}

/// And a task.
#[test]
fn c1_a_missing_number_wakes_a_task() {
    a_missing_number_ends("waiting: C1, a missing number wakes a task", |progress| {
        block_on(progress.wait_for_async(2))
    });
}

fn a_missing_number_ends(name: &str, wait: fn(&Progress) -> Result<Seq, ProgressError>) {
    explore::bounded(name, 1, move || {
        let (tx, rx) = forwarding(Order::Dense { window: 1 }).channel("a").unwrap();
        let progress = rx.progress();
        let waiting = thread::spawn(move || wait(&progress).unwrap_err().reason);
        tx.forward(5, 7).unwrap();
        let missing = DisconnectReason::MissingNumber(Seq::from(1));
        assert_eq!(waiting.join().unwrap(), missing);
    });
}

fn forwarding(order: Order) -> Dispatcher<u32, Forwarding> {
    Dispatcher::builder()
        .capacity(1)
        .lane_capacity(1)
        .forwarding(order)
        .build()
        .unwrap()
}
