//! What a snapshot looks like when it is printed.
#![cfg(not(loom))]

mod common {
    pub(crate) mod clock;
    pub(crate) mod eventually;
    pub(crate) mod full;
    pub(crate) mod watchdog;
}

use clocked_lanes::{Dispatcher, Order};

use common::clock::clock_gets_to;
use common::eventually::eventually;
use common::full::fill;
use common::watchdog::watched;

#[test]
fn a_table_tells_which_receiver_is_full_and_who_waits_for_it() {
    watched(|| {
        let dispatcher = Dispatcher::builder()
            .capacity(2)
            .lane_capacity(10)
            .build()
            .unwrap();
        let (idle, _rx) = dispatcher.channel("a receiver with a long name").unwrap();
        let (busy, full) = dispatcher.channel("slow").unwrap();
        let everybody = dispatcher.broadcaster();
        fill(&busy, &full, || 0);
        clock_gets_to(&dispatcher, 2);
        let table = "\
clock 2, dispatched 2

RECEIVER                     CLOCK  OBSERVED  LAG  QUEUE  BLOCKED BY
a receiver with a long name      2         0    2    0/2
slow                             2         0    2    2/2  full

SENDER         TO                            LANE  BLOCKED ON
sender 1       a receiver with a long name   0/10
sender 2       slow                         10/10  slow
broadcaster 3  *                             0/10";
        assert_eq!(dispatcher.snapshot().to_string(), table);
        drop((idle, everybody));
    });
}

#[test]
fn a_table_tells_who_holds_a_clock_back() {
    watched(|| {
        let builder = Dispatcher::builder().forwarding(Order::Frontier);
        let dispatcher = builder.capacity(1).lane_capacity(8).build().unwrap();
        let (quick, join) = dispatcher.channel("join").unwrap();
        let slow = dispatcher.sender("join").unwrap();
        let (alone, _elsewhere) = dispatcher.channel("elsewhere").unwrap();
        let everybody = dispatcher.broadcaster();
        everybody.advance(1_000).unwrap();
        quick.forward(7, "to be received").unwrap();
        slow.advance(7).unwrap();
        assert_eq!(join.recv_message().unwrap().0.get(), 7);
        quick.forward(20, "waits").unwrap();
        quick.advance(100).unwrap();
        slow.advance(9).unwrap();
        alone.forward(300, "not received").unwrap();
        eventually(|| {
            let snapshot = dispatcher.snapshot();
            let clock = |name| snapshot.receiver(name).unwrap().clock.get();
            let dispatch = (snapshot.clock.seq.get(), snapshot.clock.dispatched);
            clock("join") == 9 && clock("elsewhere") == 300 && dispatch == (9, 2)
        });
        // The message that waits is in the dispatcher's hand.
        let table = "\
clock 9, dispatched 2

RECEIVER   CLOCK  OBSERVED  LAG  QUEUE  BLOCKED BY
elsewhere    300         0  300    1/1  full, sender 3
join           9         6    3    0/1  sender 2

SENDER         TO         LANE  FRONTIER  BLOCKED ON
sender 1       join        0/8       100
sender 2       join        0/8         9
sender 3       elsewhere   0/8       300
broadcaster 4  *           0/8      1000";
        assert_eq!(dispatcher.snapshot().to_string(), table);
        assert_eq!(dispatcher.snapshot().order, Some(Order::Frontier));
    });
}

#[test]
fn a_table_counts_rejects_if_there_are_any() {
    watched(|| {
        let order = Order::Dense { window: 4 };
        let builder = Dispatcher::builder().forwarding(order);
        let dispatcher = builder.build().unwrap();
        let (tx, rx) = dispatcher.channel("a").unwrap();
        assert!(!dispatcher.snapshot().to_string().contains("REJECTED"));
        tx.forward(1, "one").unwrap();
        tx.forward(1, "one, again").unwrap();
        dispatcher.rejects().recv().unwrap();
        assert_eq!(rx.recv_message().unwrap().0.get(), 1);
        let table = "\
clock 1, dispatched 1

RECEIVER  CLOCK  OBSERVED  LAG  QUEUE  BLOCKED BY
a             1         1    0  0/256  sender 1

SENDER    TO   LANE  FRONTIER  REJECTED  BLOCKED ON
sender 1  a   0/256         0         1";
        assert_eq!(dispatcher.snapshot().to_string(), table);
    });
}

#[test]
fn a_table_keeps_to_its_lines_whatever_the_names() {
    watched(|| {
        let dispatcher = Dispatcher::<u32>::new();
        let empty = "\
clock 0, dispatched 0

RECEIVER  CLOCK  OBSERVED  LAG  QUEUE  BLOCKED BY

SENDER  TO  LANE  BLOCKED ON";
        assert_eq!(dispatcher.snapshot().to_string(), empty);
        let (tx, _rx) = dispatcher.channel("two\nlines, größer").unwrap();
        let text = dispatcher.snapshot().to_string();
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 7, "{text}");
        assert_eq!(lines[3], "two\\nlines, größer      0         0    0  0/256");
        assert!(lines[6].starts_with("sender 1  two\\nlines, größer  0/256"));
        drop(tx);
    });
}
