//! The list on which many sign up and from which one takes all.

use clocked_lanes::models::{Node, SignalList};
use loom::sync::Arc;
use loom::sync::atomic::Ordering;
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
/// then. No work is left behind without a signal.
///
/// The taker is the spawned thread. Loom keeps one last access of each atomic to find where to preempt;
/// were the taker's look first, the look with which signing up begins would hide it.
#[test]
fn no_work_is_left_behind() {
    explore::all("signal list: no work is left behind", || {
        let list = Arc::new(SignalList::new());
        let node = Node::new();
        let signals = Arc::clone(&list);
        let taking = thread::spawn(move || take(&signals) + take(&signals));
        for _ in 0..2 {
            node.work.fetch_add(1, Ordering::Relaxed);
            list.signal(&node);
        }
        assert_eq!(taking.join().unwrap() + take(&list), 2);
    });
}

fn take(list: &SignalList) -> usize {
    let mut done = 0;
    for node in list.take() {
        node.rearm();
        done += node.work.swap(0, Ordering::Relaxed);
    }
    done
}
