//! Who waits sleeps: no processor time is used while nothing happens.
#![cfg(not(loom))]

use std::thread;
use std::time::Duration;

use clocked_lanes::{Dispatcher, Order};
use cpu_time::ProcessTime;

const RECEIVERS: usize = 100;
const SPAN: Duration = Duration::from_millis(100);
/// Some of the time is over before everybody sleeps.
const SPANS: usize = 5;

/// Watches while `RECEIVERS` receivers wait.
fn watch<M>(dispatcher: &Dispatcher<u64, M>) {
    let channels = (0..RECEIVERS).map(|n| dispatcher.channel(n.to_string()).unwrap());
    let (senders, receivers): (Vec<_>, Vec<_>) = channels.unzip();
    let threads: Vec<_> = receivers
        .into_iter()
        .map(|rx| thread::spawn(move || assert!(rx.recv_message().is_err())))
        .collect();
    let spans = (0..SPANS).map(|_| {
        let start = ProcessTime::now();
        thread::sleep(SPAN);
        start.elapsed()
    });
    let least = spans.min().unwrap();
    drop(senders);
    threads.into_iter().for_each(|it| it.join().unwrap());
    assert!(least < SPAN / 50, "{least:?} of {SPAN:?}");
}

#[test]
fn waiting_takes_no_processor_time() {
    watch(&Dispatcher::new());
    for order in [Order::Frontier, Order::Dense { window: 256 }] {
        watch(&Dispatcher::builder().forwarding(order).build().unwrap());
    }
}
