//! The engines step by step, on real handles and without a thread.

mod faults;
mod snapshots;
mod starts;

use crate::core::Connection;
use crate::driver::Drive;
use crate::forwarding::joins::Joins;
use crate::forwarding::{Dense, Frontier, Parts, dispatch};
use crate::telemetry::Telemetry;
use crate::{
    Dispatcher, Event, ForwardError, Forwarding, Order, Receiver, Seq, TryForwardError,
    TryRecvError,
};

fn frontier<T: Send + 'static>(
    capacity: usize,
    lane_capacity: usize,
) -> (Dispatcher<T, Forwarding>, Frontier<T>) {
    let Parts {
        core,
        tell,
        hall,
        clock,
    } = dispatch(
        capacity,
        lane_capacity,
        Order::Frontier,
        0,
        Telemetry::new("a test", false),
    );
    let engine = Frontier::new(hall, clock, 0);
    (
        Dispatcher::from_connection(Connection::new(core, tell, None)),
        engine,
    )
}

fn dense<T: Send + 'static>(
    capacity: usize,
    lane_capacity: usize,
    window: usize,
) -> (Dispatcher<T, Forwarding>, Dense<T>) {
    let Parts {
        core,
        tell,
        hall,
        clock,
    } = dispatch(
        capacity,
        lane_capacity,
        Order::Dense { window },
        0,
        Telemetry::new("a test", false),
    );
    let engine = Dense::new(hall, clock, 0, window);
    (
        Dispatcher::from_connection(Connection::new(core, tell, None)),
        engine,
    )
}

/// Steps until there is nothing to do.
fn run<T>(engine: &mut impl Drive<T>) {
    let mut steps = 0;
    while engine.step() {
        steps += 1;
        assert!(steps < 10_000, "the engine goes on for ever");
    }
}

/// Whether the driver comes to block.
fn can_block<T>(engine: &mut impl Drive<T>) -> bool {
    lanes_watched(engine).is_some()
}

/// The lanes that the driver watches while blocked.
fn watched<T>(engine: &mut impl Drive<T>) -> Vec<usize> {
    lanes_watched(engine).expect("the driver comes to block")
}

fn lanes_watched<T>(engine: &mut impl Drive<T>) -> Option<Vec<usize>> {
    (0..4).find_map(|_| {
        let mut watched = Vec::new();
        run(engine);
        engine.prepare_to_block(&mut watched).then_some(watched)
    })
}

fn message<T>(seq: u64, value: T) -> Result<Event<T>, TryRecvError> {
    let seq = Seq::from(seq);
    Ok(Event::Message { seq, value })
}

fn clock<T>(seq: u64) -> Result<Event<T>, TryRecvError> {
    Ok(Event::Clock(Seq::from(seq)))
}

/// All events there are.
fn events<T>(rx: &Receiver<T>) -> Vec<Event<T>> {
    rx.try_iter().collect()
}

/// The numbers of the messages that are there.
fn numbers<T>(rx: &Receiver<T>) -> Vec<u64> {
    let messages = rx.try_iter().filter_map(Event::into_message);
    messages.map(|(seq, _)| seq.get()).collect()
}

#[test]
fn a_message_is_delivered_when_no_other_source_can_send_a_lower_one() {
    let (dispatcher, mut engine) = frontier(8, 8);
    let (a, rx) = dispatcher.channel("r").unwrap();
    let b = dispatcher.sender("r").unwrap();
    a.forward(5, 'a').unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    b.advance(3).unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), clock(3), "b may still send 4");
    b.advance(4).unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), message(5, 'a'));
    assert_eq!(rx.observed().get(), 4, "b may still send 5");
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    b.forward(5, 'b').unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), message(5, 'b'));
    assert_eq!(rx.try_recv(), clock(5));
    assert!(can_block(&mut engine));
}

#[test]
fn sources_of_other_receivers_do_not_hold_back() {
    let (dispatcher, mut engine) = frontier(8, 8);
    let (a, for_a) = dispatcher.channel("a").unwrap();
    let (_asleep, for_b) = dispatcher.channel("b").unwrap();
    a.forward(1, 'x').unwrap();
    a.advance(100).unwrap();
    run(&mut engine);
    assert_eq!(events(&for_a).len(), 2);
    assert_eq!(for_a.observed().get(), 100);
    assert_eq!(for_b.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(dispatcher.clock().seq.get(), 0, "b has not got further");
    assert_eq!(dispatcher.clock().dispatched, 1);
    assert_eq!(for_a.clock().dispatched, 1);
    drop(for_b);
    run(&mut engine);
    assert_eq!(dispatcher.clock().seq.get(), 100);
}

#[test]
fn a_broadcast_is_delivered_as_each_receivers_order_allows() {
    let (dispatcher, mut engine) = frontier(8, 8);
    let (a, for_a) = dispatcher.channel("a").unwrap();
    let (b, for_b) = dispatcher.channel("b").unwrap();
    let everybody = dispatcher.broadcaster();
    everybody.forward(10, "all").unwrap();
    a.advance(20).unwrap();
    run(&mut engine);
    assert_eq!(for_a.try_recv(), message(10, "all"));
    assert_eq!(for_a.try_recv(), clock(10));
    assert_eq!(for_b.try_recv(), Err(TryRecvError::Empty));
    b.forward(4, "b").unwrap();
    run(&mut engine);
    assert_eq!(for_b.try_recv(), message(4, "b"));
    assert_eq!(for_b.try_recv(), clock(4));
    drop(everybody);
    drop(b);
    run(&mut engine);
    assert_eq!(for_b.try_recv(), message(10, "all"));
    assert_eq!(for_b.try_recv(), clock(10));
    assert_eq!(for_b.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(for_a.try_recv(), clock(20));
    assert_eq!(dispatcher.clock().dispatched, 2, "a broadcast counts once");
}

/// S6: the clock of a receiver that is full moves on, up to what waits for it; and so does everybody else.
#[test]
fn a_full_receiver_holds_its_own_up() {
    let (dispatcher, mut engine) = frontier(1, 2);
    let (a, for_a) = dispatcher.channel("a").unwrap();
    let a_too = dispatcher.sender("a").unwrap();
    for n in 1..=3 {
        a.forward(n, n).unwrap();
        run(&mut engine);
    }
    a_too.advance(50).unwrap();
    run(&mut engine);
    assert_eq!(for_a.len(), 1);
    assert!(can_block(&mut engine));
    assert_eq!(a.try_forward(4, 4), Err(TryForwardError::Full(4)));
    let mut got = Vec::new();
    while got.len() < 3 {
        got.extend(numbers(&for_a));
        run(&mut engine);
    }
    assert_eq!(got, [1, 2, 3]);
    assert_eq!(for_a.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(for_a.observed().get(), 3);
    assert!(can_block(&mut engine));
}

#[test]
fn a_clone_starts_where_its_parent_is() {
    let (dispatcher, mut engine) = frontier(8, 8);
    let (a, rx) = dispatcher.channel("r").unwrap();
    a.advance(10).unwrap();
    let clone = a.clone();
    assert_eq!(clone.frontier().get(), 10);
    a.advance(90).unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), clock(10));
    clone.forward(11, 'x').unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), message(11, 'x'));
    drop(clone);
    run(&mut engine);
    assert_eq!(rx.try_recv(), clock(90));
    assert_eq!(dispatcher.sender("r").unwrap().frontier().get(), 90);
    assert_eq!(dispatcher.broadcaster().frontier().get(), 90);
}

/// A source that has said that it joins, and no more yet, holds the clock where it is.
#[test]
fn a_clock_waits_for_a_source_that_joins() {
    use crate::control::{Control, Newcomer};
    let (dispatcher, mut engine) = frontier(8, 8);
    let (a, rx) = dispatcher.channel("r").unwrap();
    run(&mut engine);
    let tell = dispatcher.connection();
    tell.tell(Control::Joining(Newcomer::Broadcaster));
    a.forward(1, 'x').unwrap();
    a.forward(2, 'y').unwrap();
    assert!(can_block(&mut engine));
    assert_eq!(numbers(&rx), [1]);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    // Nor does anybody else who joins start beyond it.
    assert!(dispatcher.broadcaster().frontier().get() <= 1);
    let (_lane, end) = tell.new_lane(None, 1);
    tell.tell(Control::Lane(end));
    run(&mut engine);
    // The clock is at 1 now: that says it of the lower ones, and a message comes before a tick.
    assert_eq!(rx.try_recv(), message(2, 'y'));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(rx.observed().get(), 1);
}

/// So does the dispatcher's clock for a receiver that has said that it joins.
#[test]
fn the_clock_waits_for_a_receiver_that_joins() {
    use crate::control::{Control, Newcomer};
    let (dispatcher, mut engine) = frontier(8, 8);
    let (tx, rx) = dispatcher.channel("r").unwrap();
    run(&mut engine);
    dispatcher
        .connection()
        .tell(Control::Joining(Newcomer::Receiver));
    tx.forward(1, 'x').unwrap();
    assert!(can_block(&mut engine));
    assert_eq!(numbers(&rx), [1]);
    assert_eq!(dispatcher.clock().seq.get(), 0);
}

/// What waits for its turn as a receiver closes arrives, each once and in order, also several with one number; and
/// counts as dispatched.
#[test]
fn a_closed_receiver_gets_what_waited() {
    use crate::Pump;
    let upper = Dispatcher::builder().inline();
    let upper = upper.forwarding(Order::Frontier).build().unwrap();
    let (a, top) = upper.channel("top").unwrap();
    let b = upper.sender("top").unwrap();
    let (dispatcher, mut engine) = frontier(8, 8);
    let (into, rx) = dispatcher.channel("r").unwrap();
    // At 0, so that everything waits.
    let _holds = dispatcher.sender("r").unwrap();
    let mut pump = Pump::new(top, into);
    for n in 5..=6 {
        a.forward(n, n).unwrap();
        b.forward(n, n).unwrap();
    }
    pump.step().unwrap();
    run(&mut engine);
    assert_eq!(dispatcher.clock().dispatched, 0);
    rx.close();
    run(&mut engine);
    assert_eq!(numbers(&rx), [5, 5, 6, 6]);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(dispatcher.clock().dispatched, 4);
}

#[test]
fn dense_takes_any_order() {
    let (dispatcher, mut engine) = dense(8, 8, 4);
    let (a, for_a) = dispatcher.channel("a").unwrap();
    let (b, for_b) = dispatcher.channel("b").unwrap();
    b.forward(4, 'd').unwrap();
    a.forward(3, 'c').unwrap();
    a.forward(2, 'b').unwrap();
    run(&mut engine);
    assert_eq!(for_a.try_recv(), Err(TryRecvError::Empty));
    b.forward_empty(1).unwrap();
    run(&mut engine);
    assert_eq!(for_a.try_recv(), message(2, 'b'));
    assert_eq!(for_a.try_recv(), message(3, 'c'));
    assert_eq!(for_a.try_recv(), clock(4));
    assert_eq!(for_b.try_recv(), message(4, 'd'));
    assert_eq!(dispatcher.clock().seq.get(), 4);
    assert_eq!(dispatcher.clock().dispatched, 3, "one was empty");
    assert!(can_block(&mut engine));
}

/// A promise takes a place in the lane once, and not with each message after it.
#[test]
fn dense_promises_are_put_in_once() {
    let (dispatcher, _engine) = dense(8, 4, 8);
    let (tx, _rx) = dispatcher.channel("r").unwrap();
    tx.advance(2).unwrap();
    for n in 3..=5 {
        tx.try_forward(n, n).unwrap();
    }
    assert_eq!(tx.try_forward(6, 6), Err(TryForwardError::Full(6)));
    assert!(tx.is_full() && !tx.is_empty());
}

/// A receiver that closes takes nobody else's turn away.
#[test]
fn dense_goes_on_with_others_as_a_receiver_closes() {
    let (dispatcher, mut engine) = dense(512, 512, 1024);
    let (_a, for_a) = dispatcher.channel("a").unwrap();
    let (b, for_b) = dispatcher.channel("b").unwrap();
    run(&mut engine);
    for n in 1..=200 {
        b.forward(n, n).unwrap();
    }
    assert!(engine.step(), "a turn, and there is more");
    for_a.close();
    run(&mut engine);
    assert_eq!(numbers(&for_b).len(), 200);
}

/// Nor does it make a lane forgotten that waits beyond the window.
#[test]
fn dense_goes_on_beyond_the_window_as_another_receiver_closes() {
    let (dispatcher, mut engine) = dense(8, 8, 2);
    let (far, rx) = dispatcher.channel("stays").unwrap();
    let near = dispatcher.sender("stays").unwrap();
    let (_other, closes) = dispatcher.channel("closes").unwrap();
    far.forward(4, 4).unwrap();
    run(&mut engine);
    closes.close();
    run(&mut engine);
    for n in 1..=3 {
        near.forward(n, n).unwrap();
    }
    run(&mut engine);
    assert_eq!(numbers(&rx), [1, 2, 3, 4]);
}

/// A lane is watched if there is space for what comes out of it.
#[test]
fn frontier_watches_lanes_of_receivers_with_space() {
    let (dispatcher, mut engine) = frontier(1, 4);
    let (tx, rx) = dispatcher.channel("r").unwrap();
    for n in 1..=3 {
        assert_eq!(watched(&mut engine).len(), 1);
        tx.forward(n, n).unwrap();
        assert!(watched(&mut engine).is_empty(), "it is full");
        assert_eq!(numbers(&rx), [n]);
    }
}

/// Beyond the window a lane waits, and goes on when the window does.
#[test]
fn dense_lanes_wait_beyond_the_window() {
    let (dispatcher, mut engine) = dense(8, 1, 2);
    let (a, rx) = dispatcher.channel("r").unwrap();
    let b = dispatcher.sender("r").unwrap();
    a.forward(3, 3).unwrap();
    run(&mut engine);
    a.forward(4, 4).unwrap();
    run(&mut engine);
    assert_eq!(a.try_forward(5, 5), Err(TryForwardError::Full(5)));
    assert!(can_block(&mut engine));
    b.forward(1, 1).unwrap();
    run(&mut engine);
    assert_eq!(numbers(&rx), [1]);
    b.forward(2, 2).unwrap();
    run(&mut engine);
    assert_eq!(numbers(&rx), [2, 3, 4]);
}

/// A full receiver does not get its clock before its message.
#[test]
fn dense_holds_the_clock_of_a_full_receiver() {
    let (dispatcher, mut engine) = dense(1, 8, 8);
    let (a, for_a) = dispatcher.channel("a").unwrap();
    let (b, for_b) = dispatcher.channel("b").unwrap();
    for n in 1..=3 {
        a.forward(n, n).unwrap();
    }
    b.forward(4, 4).unwrap();
    run(&mut engine);
    assert_eq!(for_b.try_recv(), message(4, 4));
    for n in 1..=3 {
        assert_eq!(for_a.try_recv(), message(n, n));
        assert_eq!(
            for_a.try_recv(),
            if n < 3 {
                Err(TryRecvError::Empty)
            } else {
                clock(4)
            }
        );
        run(&mut engine);
    }
    assert!(can_block(&mut engine));
}

#[test]
fn dense_gives_up_what_everybody_has_promised_away() {
    let (dispatcher, mut engine) = dense(8, 8, 4);
    let (a, rx) = dispatcher.channel("r").unwrap();
    let b = a.clone();
    a.forward(2, 2).unwrap();
    a.advance(1_000_000).unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    b.advance(1).unwrap();
    run(&mut engine);
    assert_eq!(numbers(&rx), [2]);
    assert_eq!(b.forward(1, 1), Err(ForwardError::Late(1)));
    b.advance(500).unwrap();
    run(&mut engine);
    assert_eq!(rx.try_recv(), clock(500));
    b.forward(700, 700).unwrap();
    drop(b);
    run(&mut engine);
    assert_eq!(numbers(&rx), [700]);
    assert_eq!(rx.observed().get(), 1_000_000);
}

/// A step tells whether it did anything, whatever that was: after one that did not, the driver blocks.
fn tells_whether_it_did_anything(
    dispatcher: &Dispatcher<u64, Forwarding>,
    engine: &mut impl Drive<u64>,
) {
    let (tx, rx) = dispatcher.channel("r").unwrap();
    assert!(engine.step(), "somebody has joined");
    run(engine);
    assert!(!engine.step());
    // More than are taken out of a lane in a turn.
    for n in 1..=300 {
        tx.forward(n, n).unwrap();
    }
    for _ in 0..2 {
        assert!(engine.step(), "there is more than one step takes");
    }
    run(engine);
    assert_eq!(numbers(&rx).len(), 300);
    run(engine);
    let behind = tx.clone();
    run(engine);
    tx.advance(1_000).unwrap();
    assert!(engine.step(), "a promise");
    run(engine);
    drop(behind);
    assert!(engine.step(), "a leave");
    run(engine);
    assert_eq!(dispatcher.clock().seq.get(), 1_000);
    drop(tx);
    run(engine);
    assert_eq!(rx.try_recv(), clock(1_000));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert!(!engine.step());
}

#[test]
fn frontier_tells_whether_it_did_anything() {
    let (dispatcher, mut engine) = frontier(512, 512);
    tells_whether_it_did_anything(&dispatcher, &mut engine);
}

#[test]
fn dense_tells_whether_it_did_anything() {
    let (dispatcher, mut engine) = dense(512, 512, 1024);
    tells_whether_it_did_anything(&dispatcher, &mut engine);
    // The same for what has come early and cannot be delivered.
    let (dispatcher, mut engine) = dense(512, 512, 1024);
    let (tx, rx) = dispatcher.channel("r").unwrap();
    let behind = dispatcher.sender("r").unwrap();
    for n in 2..=65 {
        tx.forward(n, n).unwrap();
    }
    assert!(engine.step(), "a turn of a lane");
    tx.advance(2_000).unwrap();
    assert!(engine.step(), "a promise, of which nothing else comes yet");
    assert!(!engine.step());
    for n in 2_001..=2_100 {
        assert!(tx.forward(n, n).is_ok());
    }
    assert!(
        engine.step() && !engine.step(),
        "the next one is beyond the window"
    );
    behind.advance(1).unwrap();
    run(&mut engine);
    assert_eq!(numbers(&rx).len(), 64);
}

/// Who waits for a message is not woken by ticks; who waits for any event is.
fn wakes_whom_it_concerns(dispatcher: &Dispatcher<u64, Forwarding>, engine: &mut impl Drive<u64>) {
    use crate::waiter::this_thread;
    let (tx, rx) = dispatcher.channel("r").unwrap();
    run(engine);
    let inbox = rx.outlet().inbox();
    // As `recv_message` does before it parks.
    inbox.waiter().register(&this_thread());
    for n in 1..=5 {
        tx.advance(n).unwrap();
        run(engine);
        assert_eq!(inbox.clock(dispatcher.clock().seq.get()), n);
        assert!(inbox.waiter().is_registered(), "a tick has woken it");
    }
    tx.forward(6, 6).unwrap();
    run(engine);
    assert!(
        !inbox.waiter().is_registered(),
        "a message has not woken it"
    );
    assert_eq!(numbers(&rx), [6]);
    // As `recv` does.
    for n in 7..=9 {
        inbox.waiter().register(&this_thread());
        dispatcher.connection().core().parked().signal(inbox);
        run(engine);
        assert!(inbox.waiter().is_registered(), "nothing has happened");
        tx.advance(n).unwrap();
        run(engine);
        assert!(!inbox.waiter().is_registered(), "a tick has not woken it");
    }
}

/// A receiver that is full again and again is to be asked for space once, and one that has space is found without
/// being asked: then the driver does not block.
fn asks_for_space(dispatcher: &Dispatcher<u64, Forwarding>, engine: &mut impl Stepped) {
    let (tx, rx) = dispatcher.channel("r").unwrap();
    for n in 1..=2 {
        tx.forward(n, n).unwrap();
        run(engine);
        assert_eq!(engine.asked(), usize::from(n == 2), "it is full");
    }
    for n in 3..=10 {
        tx.forward(n, n).unwrap();
        run(engine);
        assert_eq!(rx.try_recv(), message(n - 2, n - 2));
        assert!(!engine.prepare_to_block(&mut Vec::new()), "it has space");
        run(engine);
        assert_eq!(engine.asked(), 1);
    }
}

/// A receiver that is sealed is ended when it has got everything, once, and at the next opportunity.
fn ends_sealed(dispatcher: &Dispatcher<u64, Forwarding>, engine: &mut impl Stepped) {
    let (tx, rx) = dispatcher.channel("r").unwrap();
    assert!(engine.drain_control());
    run(engine);
    tx.forward(1, 1).unwrap();
    engine.take_signals();
    assert!(!engine.settle(), "there is a message");
    run(engine);
    drop(tx);
    run(engine);
    assert_eq!(numbers(&rx), [1]);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    let (tx, _rx) = dispatcher.channel("s").unwrap();
    run(engine);
    assert!(!engine.end_sealed());
    drop(tx);
    engine.take_signals();
    assert!(engine.hall().check_sealed);
    // The last of its lanes is found empty.
    while !engine.step() {}
    assert!(!engine.end_sealed());
}

/// An engine, and how many receivers it is to ask for space.
trait Stepped: Joins + Drive<u64> {
    fn asked(&self) -> usize;
}

impl<E: Joins<Value = u64> + Drive<u64>> Stepped for E {
    fn asked(&self) -> usize {
        self.hall().to_be_asked()
    }
}

#[test]
fn frontier_asks_for_space() {
    let (dispatcher, mut engine) = frontier(2, 4);
    asks_for_space(&dispatcher, &mut engine);
}

#[test]
fn dense_asks_for_space() {
    let (dispatcher, mut engine) = dense(2, 4, 4);
    asks_for_space(&dispatcher, &mut engine);
}

#[test]
fn frontier_ends_sealed() {
    let (dispatcher, mut engine) = frontier(2, 4);
    ends_sealed(&dispatcher, &mut engine);
}

#[test]
fn dense_ends_sealed() {
    let (dispatcher, mut engine) = dense(2, 4, 4);
    ends_sealed(&dispatcher, &mut engine);
}

/// Who waits no longer is not registered any more, so that nobody is woken in vain.
#[test]
fn who_waits_no_more_is_not_registered() {
    use crate::{RecvTimeoutError, Select};
    use std::time::Duration;
    let (_tx, rx) = Dispatcher::<u64>::new().channel("r").unwrap();
    let moment = Duration::from_millis(1);
    let waiter = rx.outlet().inbox().waiter();
    assert_eq!(rx.recv_timeout(moment), Err(RecvTimeoutError::Timeout));
    assert!(!waiter.is_registered());
    let mut select = Select::new();
    select.recv(&rx);
    assert!(select.ready_timeout(moment).is_err());
    assert!(!waiter.is_registered());
}

#[test]
fn frontier_wakes_whom_it_concerns() {
    let (dispatcher, mut engine) = frontier(8, 8);
    wakes_whom_it_concerns(&dispatcher, &mut engine);
}

#[test]
fn dense_wakes_whom_it_concerns() {
    let (dispatcher, mut engine) = dense(8, 8, 8);
    wakes_whom_it_concerns(&dispatcher, &mut engine);
}
