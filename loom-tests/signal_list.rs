//! The list on which many sign up and from which one takes all.

use clocked_lanes::models::{Node, SignalList};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::explore;

/// Two sign up two nodes while a third thread takes: each comes once.
#[test]
fn each_node_comes_once() {
    explore::all("signal list: each node comes once", || {
        let list = Arc::new(SignalList::new());
        let nodes = [Node::new(), Node::new()];
        let signing: Vec<_> = nodes
            .iter()
            .map(|node| {
                let (list, node) = (Arc::clone(&list), Arc::clone(node));
                thread::spawn(move || list.signal(&node))
            })
            .collect();
        let mut taken = list.take().len();
        for thread in signing {
            thread.join().unwrap();
        }
        taken += list.take().len();
        assert_eq!(taken, 2);
    });
}

/// The engine's protocol with a lane: work is done first and signalled then; the taker rearms first and looks
/// then. The last work is seen, though a signal may be swallowed and the work itself orders nothing.
///
/// The taker is the spawned thread. Loom keeps one last access of each atomic to find where to preempt;
/// were the taker's look first, the look with which signing up begins would hide it.
#[test]
fn no_work_is_left_behind() {
    explore::all("signal list: no work is left behind", || {
        let list = Arc::new(SignalList::new());
        let node = Node::new();
        let signals = Arc::clone(&list);
        let taking = thread::spawn(move || {
            let seen = take(&signals, 0);
            take(&signals, seen)
        });
        for work in 1..=2 {
            node.work.store(work, Ordering::Relaxed);
            list.signal(&node);
        }
        let seen = taking.join().unwrap();
        assert_eq!(take(&list, seen), 2);
    });
}

/// Takes what is signalled, and returns the last work seen.
fn take(list: &SignalList, mut seen: usize) -> usize {
    for node in list.take() {
        node.rearm();
        seen = node.work.load(Ordering::Relaxed);
    }
    seen
}

/// The protocol of a lane that is closed. One who closes says so, rearms and then looks for work to drop; one
/// who has brought work and can claim looks whether it is closed. One of the two drops the work.
#[test]
fn no_work_is_left_where_it_is_closed() {
    explore::all("signal list: no work is left where it is closed", || {
        let node = Node::new();
        let closed = Arc::new(AtomicBool::new(false));
        let (work, is_closed) = (Arc::clone(&node), Arc::clone(&closed));
        let bringing = thread::spawn(move || {
            work.work.store(1, Ordering::Relaxed);
            if work.claim() && is_closed.load(Ordering::Relaxed) {
                drop_work(&work);
            }
        });
        closed.store(true, Ordering::Relaxed);
        drop_work(&node);
        bringing.join().unwrap();
        assert_eq!(node.work.load(Ordering::Relaxed), 0);
    });
}

fn drop_work(node: &Node) {
    node.rearm();
    if node.work.load(Ordering::Relaxed) > 0 {
        node.work.store(0, Ordering::Relaxed);
    }
}
