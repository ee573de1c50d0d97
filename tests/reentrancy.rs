//! Messages whose own code uses the receiver that they come from.
#![cfg(not(loom))]

mod common {
    pub(crate) mod watchdog;
}

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use clocked_lanes::{Dispatcher, Receiver};

use common::watchdog::watched;

thread_local! {
    /// The receiver that the thread receives on.
    static RECEIVER: RefCell<Option<Rc<Receiver<Curious>>>> = const { RefCell::new(None) };
    static HAS_LOOKED: Cell<bool> = const { Cell::new(false) };
}

/// When it is first cloned, it receives itself and the next message.
struct Curious {
    id: u32,
    looked: mpsc::Sender<[u32; 2]>,
}

impl Clone for Curious {
    fn clone(&self) -> Self {
        let receiver = RECEIVER.with(|receiver| receiver.borrow().clone());
        if let Some(receiver) = receiver {
            if !HAS_LOOKED.replace(true) {
                let ids = [(); 2].map(|()| receiver.recv_message().unwrap().1.id);
                self.looked.send(ids).unwrap();
                // What is due after it is there before it returns.
                while receiver.is_empty() {
                    thread::yield_now();
                }
            }
        }
        Self {
            id: self.id,
            looked: self.looked.clone(),
        }
    }
}

/// The receive that has called `Clone` goes on after it with what is due by then, and wakes for it.
#[test]
fn s11_a_clone_may_receive_on_the_same_receiver() {
    watched(|| {
        let dispatcher = Dispatcher::new();
        let (to_a, a) = dispatcher.channel("a").unwrap();
        let (_to_b, _b) = dispatcher.channel("b").unwrap();
        let (looked, look) = mpsc::channel();
        let message = |id| Curious {
            id,
            looked: looked.clone(),
        };
        let receiving = thread::spawn(move || {
            let receiver = Rc::new(a);
            RECEIVER.set(Some(Rc::clone(&receiver)));
            let outer = receiver.recv_message().unwrap().1.id;
            RECEIVER.set(None);
            outer
        });
        dispatcher.broadcaster().send(message(1)).unwrap();
        to_a.send(message(2)).unwrap();
        assert_eq!(look.recv().unwrap(), [1, 2]);
        to_a.send(message(3)).unwrap();
        assert_eq!(receiving.join().unwrap(), 3);
    });
}
