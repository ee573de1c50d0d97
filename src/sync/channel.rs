//! A stand-in for `crossbeam_channel` that loom sees through.
//!
//! Bounded or unbounded, first in first out, disconnected when one side is gone, with a `Select` that
//! waits until one of several ends can go on or is disconnected, picks any that can, and may be mistaken.
//! Under a lock, and with every waiter
//! woken at every change: it is simple rather than fast, and wakes more often than need be, as the
//! real one may. A lock orders more than the real queue does. So what is to be shown of the clock,
//! the inbox and the waiting is shown without a lane.

#![expect(
    missing_debug_implementations,
    missing_docs,
    clippy::len_without_is_empty,
    clippy::new_without_default,
    reason = "it is public for the models only, and does as the real one does"
)]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Instant;

use loom::sync::{Arc, Mutex, MutexGuard};

use super::coin;
use super::thread::{Unparker, park_until};

struct Channel<T> {
    capacity: Option<usize>,
    state: Mutex<State<T>>,
}

struct State<T> {
    queue: VecDeque<T>,
    senders: usize,
    has_receiver: bool,
    waiting: Vec<Unparker>,
}

pub struct Sender<T>(Arc<Channel<T>>);

pub struct Receiver<T>(Arc<Channel<T>>);

/// The receiver has gone.
#[derive(Debug, PartialEq, Eq)]
pub struct SendError<T>(pub T);

#[derive(Debug, PartialEq, Eq)]
pub enum TrySendError<T> {
    Full(T),
    Disconnected(T),
}

#[derive(Debug, PartialEq, Eq)]
pub enum TryRecvError {
    Empty,
    Disconnected,
}

pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a rendezvous is not modelled");
    channel(Some(capacity))
}

pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel(None)
}

fn channel<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel {
        capacity,
        state: Mutex::new(State {
            queue: VecDeque::new(),
            senders: 1,
            has_receiver: true,
            waiting: Vec::new(),
        }),
    });
    (Sender(Arc::clone(&channel)), Receiver(channel))
}

impl<T> Channel<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    fn is_full(&self, state: &State<T>) -> bool {
        self.capacity
            .is_some_and(|capacity| state.queue.len() >= capacity)
    }
}

impl<T> State<T> {
    fn wake_all(&mut self) {
        for waiting in self.waiting.drain(..) {
            waiting.unpark();
        }
    }

    fn watch_unless(&mut self, is_ready: bool, watch: bool) -> bool {
        if !is_ready && watch {
            self.waiting.push(Unparker::of_this_thread());
        }
        is_ready
    }
}

impl<T> TrySendError<T> {
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::Disconnected(value) => value,
        }
    }
}

impl<T> Sender<T> {
    /// Of an unbounded channel: a bounded one is waited for with a `Select`.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.try_send(value).map_err(|error| match error {
            TrySendError::Disconnected(value) => SendError(value),
            TrySendError::Full(_) => {
                unreachable!("only unbounded channels are sent to in this way")
            }
        })
    }

    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut state = self.0.lock();
        if !state.has_receiver {
            return Err(TrySendError::Disconnected(value));
        }
        if self.0.is_full(&state) {
            return Err(TrySendError::Full(value));
        }
        state.queue.push_back(value);
        state.wake_all();
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.0.lock().queue.len()
    }

    pub fn capacity(&self) -> Option<usize> {
        self.0.capacity
    }

    pub fn is_full(&self) -> bool {
        self.0.is_full(&self.0.lock())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.senders -= 1;
        if state.senders == 0 {
            state.wake_all();
        }
    }
}

impl<T> Receiver<T> {
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.0.lock();
        match state.queue.pop_front() {
            Some(value) => {
                state.wake_all();
                Ok(value)
            }
            None if state.senders == 0 => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.lock().queue.is_empty()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let rest = {
            let mut state = self.0.lock();
            state.has_receiver = false;
            state.wake_all();
            match self.0.capacity {
                // Kept until the senders are gone as well: so does the real one.
                Some(_) => VecDeque::new(),
                None => std::mem::take(&mut state.queue),
            }
        };
        // Values may hold senders of this very channel.
        drop(rest);
    }
}

/// What a `Select` asks of an end, whatever its messages are.
trait Ready {
    /// Whether it is ready; if not, and if asked to, has this thread woken when it may be.
    fn poll(&self, watch: bool) -> bool;
}

impl<T> Ready for Receiver<T> {
    fn poll(&self, watch: bool) -> bool {
        let mut state = self.0.lock();
        let is_ready = !state.queue.is_empty() || state.senders == 0;
        state.watch_unless(is_ready, watch)
    }
}

impl<T> Ready for Sender<T> {
    fn poll(&self, watch: bool) -> bool {
        let mut state = self.0.lock();
        let is_ready = !self.0.is_full(&state) || !state.has_receiver;
        state.watch_unless(is_ready, watch)
    }
}

/// Waits for one of several ends.
pub struct Select<'a>(Vec<&'a dyn Ready>);

impl<'a> Select<'a> {
    pub fn new() -> Self {
        Self(Vec::new())
    }

    pub fn recv<T>(&mut self, receiver: &'a Receiver<T>) -> usize {
        self.0.push(receiver);
        self.0.len() - 1
    }

    pub fn send<T>(&mut self, sender: &'a Sender<T>) -> usize {
        self.0.push(sender);
        self.0.len() - 1
    }

    /// The index of any end that is ready; now and then, instead of waiting, that of any which is not.
    ///
    /// Which it is, a coin decides, so loom explores all of it within the number of coins (see `coin`).
    /// The end that is not ready stands for one that was, and is no longer by the time that the caller
    /// looks. With no coin left it is the last that is ready, and the truth.
    pub fn ready(&mut self) -> usize {
        loop {
            let mut ready = Vec::new();
            for (index, end) in self.0.iter().enumerate() {
                if end.poll(ready.is_empty()) {
                    ready.push(index);
                }
            }
            if let Some((&last, others)) = ready.split_last() {
                let chosen = others.iter().find(|_| coin::flip());
                return *chosen.unwrap_or(&last);
            }
            if let Some(index) = (0..self.0.len()).find(|_| coin::flip()) {
                return index;
            }
            park_until(None);
        }
    }

    /// Time stands still in a model: the deadline never comes.
    pub fn ready_deadline(&mut self, _: Instant) -> Result<usize, Infallible> {
        Ok(self.ready())
    }
}
