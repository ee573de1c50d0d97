//! Feature `async`: tasks wait where threads do, under tokio and under an executor that only parks its thread.
#![cfg(not(loom))]

mod common {
    pub(crate) mod counted;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod rounds;
    pub(crate) mod watchdog;
}

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use clocked_lanes::{
    DisconnectReason, Dispatcher, Event, Order, Receiver, RecvError, SendAsync, SendError, Seq,
};
use futures_util::{SinkExt, StreamExt};

use common::counted::Tally;
use common::eventually::eventually;
use common::full::{fill, settled};
use common::rounds::rounds;
use common::watchdog::watched;

fn small<T: Send + 'static>(capacity: usize, lane_capacity: usize) -> Dispatcher<T> {
    Dispatcher::builder()
        .capacity(capacity)
        .lane_capacity(lane_capacity)
        .build()
        .unwrap()
}

/// Runs the same on several threads of tokio, and on this one alone.
fn under_both<F: Future<Output = ()> + Send + 'static>(test: impl Fn() -> F + Send + 'static) {
    watched(move || {
        pollster::block_on(test());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { runtime.spawn(test()).await.unwrap() });
    });
}

/// Counts how often it was woken.
#[derive(Default)]
struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Counts {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn counted() -> (Arc<Counts>, Waker) {
    let counts = Arc::new(Counts::default());
    let waker = Waker::from(Arc::clone(&counts));
    (counts, waker)
}

/// Futures go to other threads.
#[test]
fn futures_are_send() {
    fn is_send<T: Send>(it: T) -> T {
        it
    }
    let (tx, mut rx) = Dispatcher::<u64>::new().channel("a").unwrap();
    let everybody = Dispatcher::<u64>::new().broadcaster();
    let progress = rx.progress();
    drop(is_send(rx.recv_async()));
    drop(is_send(rx.recv_message_async()));
    drop(is_send(tx.send_async(1)));
    drop(is_send(tx.send_sequenced_async(1)));
    drop(is_send(tx.send_batch_sequenced_async([1])));
    drop(is_send(tx.closed_async()));
    drop(is_send(everybody.send_async(1)));
    drop(is_send(everybody.send_sequenced_async(1)));
    drop(is_send(progress.wait_for_async(1)));
}

/// Tasks send and receive, over lanes so small that both wait for each other.
#[test]
fn tasks_on_both_ends() {
    let count = rounds(2_000);
    under_both(move || async move {
        let (tx, mut rx) = small(1, 1).channel("a").unwrap();
        let sending = thread::spawn(move || {
            pollster::block_on(async {
                for n in 0..count {
                    tx.send_async(n).await.unwrap();
                }
            });
        });
        for n in 0..count {
            let event = rx.recv_async().await.unwrap();
            assert_eq!(
                event,
                Event::Message {
                    seq: Seq::from(n + 1),
                    value: n
                }
            );
        }
        assert_eq!(rx.recv_async().await, Err(RecvError));
        sending.join().unwrap();
    });
}

/// A thread on one end and a task on the other, either way round, and broadcasts among them.
#[test]
fn tasks_and_threads_mix() {
    let count = rounds(1_000);
    under_both(move || async move {
        let dispatcher = small(2, 2);
        let (a, for_a) = dispatcher.channel("a").unwrap();
        let (b, mut for_b) = dispatcher.channel("b").unwrap();
        let everybody = dispatcher.broadcaster();
        let receiving = thread::spawn(move || for_a.iter().filter_map(Event::into_message).count());
        let sending = thread::spawn(move || {
            for n in 0..count {
                b.send(n).unwrap();
            }
        });
        let sent = async {
            for n in 0..count {
                a.send_async(n).await.unwrap();
                everybody.send_async(n).await.unwrap();
            }
            drop((a, everybody));
        };
        let received = async {
            let mut received = 0;
            while for_b.recv_message_async().await.is_ok() {
                received += 1;
            }
            received
        };
        let (_, received) = futures_util::join!(sent, received);
        assert_eq!(received, 2 * count);
        assert_eq!(receiving.join().unwrap() as u64, 2 * count);
        sending.join().unwrap();
    });
}

/// S5: ticks wake a task that waits for events, and not one that waits for messages.
#[test]
fn s5_ticks_wake_tasks() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (elsewhere, _rx) = dispatcher.channel("elsewhere").unwrap();
        let (tx, mut rx) = dispatcher.channel("a").unwrap();
        let (counts, waker) = counted();
        let mut cx = Context::from_waker(&waker);
        {
            let mut receiving = pin!(rx.recv_async());
            assert!(receiving.as_mut().poll(&mut cx).is_pending());
            elsewhere.send(1).unwrap();
            eventually(|| counts.get() == 1);
            let tick = Ok(Event::Clock(Seq::from(1)));
            assert_eq!(receiving.as_mut().poll(&mut cx), Poll::Ready(tick));
        }
        let mut receiving = pin!(rx.recv_message_async());
        assert!(receiving.as_mut().poll(&mut cx).is_pending());
        for _ in 0..100 {
            elsewhere.send_sequenced(1).unwrap();
        }
        assert_eq!(counts.get(), 1);
        tx.send(7).unwrap();
        eventually(|| counts.get() == 2);
        let message = Ok((Seq::from(102), 7));
        assert_eq!(receiving.as_mut().poll(&mut cx), Poll::Ready(message));
    });
}

/// A future that is dropped has taken nothing out, and sent nothing.
#[test]
fn cancelled_futures_lose_no_value() {
    watched(|| {
        let tally = Tally::default();
        let (tx, mut rx) = small(1, 1).channel("a").unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        for n in 0..rounds(100) {
            // A receive that is given up just as the message comes.
            let mut receiving = Box::pin(rx.recv_async());
            assert!(receiving.as_mut().poll(&mut cx).is_pending());
            tx.send(tally.value(n)).unwrap();
            drop(receiving);
            assert_eq!(rx.recv_message().unwrap().1.id, n);
        }
        fill(&tx, &rx, || tally.value(0));
        let mut sending: SendAsync<'_, _> = tx.send_async(tally.value(1));
        assert!(pin!(&mut sending).poll(&mut cx).is_pending());
        assert_eq!(sending.into_inner().unwrap().id, 1);
        let mut sequenced = Box::pin(tx.send_sequenced_async(tally.value(2)));
        assert!(sequenced.as_mut().poll(&mut cx).is_pending());
        drop(sequenced);
        drop(tx);
        let ids: Vec<u64> = std::iter::from_fn(|| rx.recv_message().ok())
            .map(|(_, value)| value.id)
            .collect();
        assert_eq!(ids, [0, 0], "nothing else was sent");
        tally.all_dropped();
    });
}

/// A sequenced send that is given up when the message is in the lane has sent it.
#[test]
fn a_sequenced_send_that_is_given_up_late_has_sent() {
    watched(|| {
        let (tx, rx) = small(1, 2).channel("a").unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        tx.send(1).unwrap();
        eventually(|| tx.is_empty());
        let mut sequenced = Box::pin(tx.send_sequenced_async(2));
        assert!(sequenced.as_mut().poll(&mut cx).is_pending());
        drop(sequenced);
        drop(tx);
        assert_eq!(rx.into_iter().filter_map(Event::into_message).count(), 2);
    });
}

/// A task that has given up does not take the wake-up of another one, on a lane that both share.
#[test]
fn cancelled_futures_lose_no_wake_up() {
    watched(|| {
        let (tx, rx) = small(1, 1).channel("a").unwrap();
        fill(&tx, &rx, || 0);
        let (counts, waker) = counted();
        let (_, other) = counted();
        let mut gives_up = Box::pin(tx.send_async(1));
        let mut stays = pin!(tx.send_async(2));
        assert!(
            gives_up
                .as_mut()
                .poll(&mut Context::from_waker(&other))
                .is_pending()
        );
        assert!(
            stays
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        rx.recv_message().unwrap();
        eventually(|| counts.get() == 1);
        drop(gives_up);
        let sent = stays.as_mut().poll(&mut Context::from_waker(&waker));
        assert_eq!(sent, Poll::Ready(Ok(())));
    });
}

/// The waker that counts is the last one.
#[test]
fn the_last_waker_is_woken() {
    watched(|| {
        let (tx, mut rx) = small(1, 1).channel("a").unwrap();
        let progress = rx.progress();
        let (old, old_waker) = counted();
        let (new, new_waker) = counted();
        let (mut before, mut now) = (
            Context::from_waker(&old_waker),
            Context::from_waker(&new_waker),
        );
        {
            let mut receiving = pin!(rx.recv_async());
            assert!(receiving.as_mut().poll(&mut before).is_pending());
            assert!(receiving.as_mut().poll(&mut now).is_pending());
            tx.send(1).unwrap();
            eventually(|| new.get() == 1);
            assert!(receiving.as_mut().poll(&mut now).is_ready());
        }
        let mut waiting = pin!(progress.wait_for_async(2));
        assert!(waiting.as_mut().poll(&mut before).is_pending());
        assert!(waiting.as_mut().poll(&mut now).is_pending());
        tx.send(2).unwrap();
        rx.recv().unwrap();
        assert_eq!(new.get(), 2);
        assert_eq!(old.get(), 0);
    });
}

#[test]
fn c1_tasks_wait_for_progress() {
    under_both(|| async {
        let (tx, mut rx) = small(4, 4).channel("a").unwrap();
        let progress = rx.progress();
        let last = rounds(300);
        let waiting = async {
            for n in 1..=last {
                assert!(progress.wait_for_async(n).await.unwrap() >= Seq::from(n));
            }
            assert_eq!(progress.wait_for_async(u64::MAX).await, Ok(Seq::MAX));
        };
        let sending = thread::spawn(move || {
            for n in 0..last {
                tx.send(n).unwrap();
            }
        });
        let receiving = async { while rx.recv_async().await.is_ok() {} };
        futures_util::join!(waiting, receiving);
        sending.join().unwrap();
    });
}

#[test]
fn c2_tasks_learn_the_numbers() {
    under_both(|| async {
        let (tx, mut rx) = small(2, 2).channel("a").unwrap();
        let last = rounds(200);
        let receiving = async {
            for n in 1..=2 * last {
                assert_eq!(rx.recv_message_async().await, Ok((Seq::from(n), n)));
            }
            for n in 1..=2 {
                let seq = Seq::from(2 * last + n);
                assert_eq!(rx.recv_message_async().await, Ok((seq, n)));
            }
            rx.close();
            assert_eq!(rx.recv_async().await, Err(RecvError));
        };
        let sending = async {
            for n in (1..=last).map(|n| 2 * n - 1) {
                assert_eq!(tx.send_sequenced_async(n).await, Ok(Seq::from(n)));
                let batch = tx.send_batch_sequenced_async([n + 1]).await;
                assert_eq!(batch, Ok(Seq::from(n + 1)..=Seq::from(n + 1)));
            }
            let batch = tx.send_batch_sequenced_async(1..=2).await;
            assert_eq!(batch, Ok(Seq::from(2 * last + 1)..=Seq::from(2 * last + 2)));
            assert_eq!(tx.closed_async().await, DisconnectReason::ReceiverClosed);
            assert_eq!(tx.send_async(0).await, Err(SendError(0)));
            assert_eq!(tx.send_sequenced_async(0).await, Err(SendError(0)));
        };
        futures_util::join!(receiving, sending);
    });
}

/// A receiver that leaves wakes whoever waits for space, and for its end.
#[test]
fn s9_a_receiver_that_leaves_wakes_tasks() {
    under_both(|| async {
        let (tx, rx) = small(1, 1).channel("a").unwrap();
        fill(&tx, &rx, || 1);
        let leaving = thread::spawn(move || {
            settled_for_a_moment(&rx);
            drop(rx);
        });
        let (sent, reason) = futures_util::join!(tx.send_async(2), tx.closed_async());
        assert_eq!(sent, Err(SendError(2)));
        assert_eq!(reason, DisconnectReason::ReceiverGone);
        leaving.join().unwrap();
    });
}

fn settled_for_a_moment<T>(rx: &Receiver<T>) {
    while rx.len() < rx.capacity() {
        thread::yield_now();
    }
}

#[test]
fn streams_and_sinks() {
    under_both(|| async {
        let count = rounds(500);
        let dispatcher = small(2, 2);
        let (mut tx, rx) = dispatcher.channel("a").unwrap();
        let mut everybody = dispatcher.broadcaster();
        let sending = async move {
            let values = futures_util::stream::iter((0..count).map(Ok));
            values.forward(&mut tx).await.unwrap();
            for n in 0..count {
                SinkExt::send(&mut everybody, n).await.unwrap();
            }
            drop((tx, everybody));
        };
        let receiving = rx.filter_map(async |event| event.into_message()).count();
        let (_, received) = futures_util::join!(sending, receiving);
        assert_eq!(received as u64, 2 * count);
    });
}

/// A sink whose receiver has gone gives the value back.
#[test]
fn a_sink_gives_the_value_back() {
    under_both(|| async {
        let (mut tx, rx) = small(1, 1).channel("a").unwrap();
        fill(&tx, &rx, || 0);
        settled(&tx, &rx);
        drop(rx);
        let error = SinkExt::send(&mut tx, 7).await.unwrap_err();
        assert!(error.is_disconnected());
        assert_eq!(error.into_inner(), 7);
    });
}

#[test]
fn tasks_forward() {
    under_both(|| async {
        let count = rounds(500);
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(2)
            .forwarding(Order::Frontier)
            .build()
            .unwrap();
        let (mut odd, mut rx) = dispatcher.channel("a").unwrap();
        let even = dispatcher.sender("a").unwrap();
        let sending = async move {
            for n in (1..=count).map(|n| 2 * n - 1) {
                SinkExt::send(&mut odd, (Seq::from(n), n)).await.unwrap();
            }
            assert!(odd.forward_async(1, 1).await.unwrap_err().is_late());
        };
        let forwarding = async move {
            for n in (1..=count).map(|n| 2 * n) {
                even.forward_async(n, n).await.unwrap();
            }
        };
        let receiving = async {
            for n in 1..=2 * count {
                assert_eq!(rx.recv_message_async().await, Ok((Seq::from(n), n)));
            }
        };
        futures_util::join!(sending, forwarding, receiving);
    });
}

/// The same by one who reaches everybody, through lanes that are too small for it to do so without waiting.
#[test]
fn tasks_broadcast_with_and_without_numbers() {
    under_both(|| async {
        let count = rounds(500);
        let builder = Dispatcher::builder().capacity(2).lane_capacity(2);
        let dispatcher = builder.forwarding(Order::Frontier).build().unwrap();
        let (only, mut rx) = dispatcher.channel("a").unwrap();
        let mut odd = dispatcher.broadcaster();
        let even = dispatcher.broadcaster();
        drop(only);
        let sending = async move {
            for n in (1..=count).map(|n| 2 * n - 1) {
                SinkExt::send(&mut odd, (Seq::from(n), n)).await.unwrap();
            }
            let late = SinkExt::send(&mut odd, (Seq::from(1), 1)).await;
            assert!(late.unwrap_err().is_late());
        };
        let forwarding = async move {
            for n in (1..=count).map(|n| 2 * n) {
                even.forward_async(n, n).await.unwrap();
            }
            assert!(even.forward_async(1, 1).await.unwrap_err().is_late());
        };
        let receiving = async {
            for n in 1..=2 * count {
                assert_eq!(rx.recv_message_async().await, Ok((Seq::from(n), n)));
            }
        };
        futures_util::join!(sending, forwarding, receiving);

        let dispatcher = small(2, 2);
        let (_only, mut rx) = dispatcher.channel("a").unwrap();
        let everybody = dispatcher.broadcaster();
        let sending = async {
            for n in 1..=count {
                let seq = everybody.send_sequenced_async(n).await;
                assert_eq!(seq, Ok(Seq::from(n)));
            }
        };
        let receiving = async {
            for n in 1..=count {
                assert_eq!(rx.recv_message_async().await, Ok((Seq::from(n), n)));
            }
        };
        futures_util::join!(sending, receiving);
    });
}

/// Without a thread, who sends something moves it on if a task waits, and so the task has been woken as the send
/// returns; a task that does not wait any more is not.
#[test]
fn without_a_thread_a_send_wakes_the_task_that_waits() {
    watched(|| {
        let builder = Dispatcher::builder().capacity(1).lane_capacity(1);
        let dispatcher = builder.inline().build().unwrap();
        let (tx, mut rx) = dispatcher.channel("a").unwrap();
        let (counts, waker) = counted();
        let mut cx = Context::from_waker(&waker);
        {
            let mut receiving = pin!(rx.recv_async());
            assert!(receiving.as_mut().poll(&mut cx).is_pending());
            tx.try_send(1).unwrap();
            assert!(counts.get() > 0, "woken");
            assert!(receiving.as_mut().poll(&mut cx).is_ready());
        }
        let before = counts.get();
        assert!(pin!(rx.recv_async()).as_mut().poll(&mut cx).is_pending());
        tx.try_send(2).unwrap();
        assert_eq!(tx.len(), 0, "who looks at it moves it on");
        assert_eq!(counts.get(), before, "nobody waits");

        // A sender whose lane is full is woken as there is space.
        while tx.try_send(3).is_ok() {}
        let before = counts.get();
        let mut sending = pin!(tx.send_async(4));
        assert!(sending.as_mut().poll(&mut cx).is_pending());
        while counts.get() == before {
            rx.try_recv_message().unwrap();
        }
        assert!(sending.as_mut().poll(&mut cx).is_ready());
    });
}

/// A receive that is dropped leaves no waker behind, nor does a send.
#[test]
fn a_waker_goes_with_its_future() {
    watched(|| {
        let (tx, mut rx) = small(1, 1).channel("a").unwrap();
        let (counts, waker) = counted();
        let mut cx = Context::from_waker(&waker);
        assert!(pin!(rx.recv_async()).poll(&mut cx).is_pending());
        fill(&tx, &rx, || 0);
        settled(&tx, &rx);
        let sending = tx.send_async(1);
        assert!(format!("{sending:?}").contains("SendAsync"));
        assert!(pin!(sending).poll(&mut cx).is_pending());
        drop(waker);
        eventually(|| Arc::strong_count(&counts) == 1);
    });
}

/// S11: a waker that panics is not the dispatcher's concern, nor the receiver's.
#[test]
fn s11_a_waker_panics() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("a waker panics, on purpose"));
        }
    }
    watched(|| {
        let (tx, mut rx) = small(1, 1).channel("a").unwrap();
        let progress = rx.progress();
        let waker = Waker::from(Arc::new(Panics));
        let mut cx = Context::from_waker(&waker);
        for n in 1..=3 {
            {
                let mut receiving = pin!(rx.recv_async());
                assert!(receiving.as_mut().poll(&mut cx).is_pending());
                tx.send(n).unwrap();
                eventually(|| receiving.as_mut().poll(&mut cx).is_ready());
            }
            let mut waiting = pin!(progress.wait_for_async(rx.observed().get() + 1));
            assert!(waiting.as_mut().poll(&mut cx).is_pending());
            fill(&tx, &rx, || 0);
            let mut sending = pin!(tx.send_async(0));
            assert!(sending.as_mut().poll(&mut cx).is_pending());
            while rx.recv_timeout(Duration::from_millis(1)).is_ok() {}
        }
    });
}

/// A task that waits, on a receiver or a sender that is dropped, is not kept alive by others.
#[test]
fn a_waker_goes_with_its_handle() {
    watched(|| {
        let (tx, mut rx) = small(1, 1).channel("a").unwrap();
        let (weak, progress) = (tx.downgrade(), rx.progress());
        let (counts, waker) = counted();
        let mut cx = Context::from_waker(&waker);
        assert!(rx.poll_next_unpin(&mut cx).is_pending());
        fill(&tx, &rx, || 0);
        let mut tx = tx;
        assert!(tx.poll_ready_unpin(&mut cx).is_pending());
        drop((tx, rx, waker));
        eventually(|| Arc::strong_count(&counts) == 1);
        drop((weak, progress));
    });
}
