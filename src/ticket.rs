//! What becomes of messages whose sender waits for their numbers.

#[cfg(any(feature = "async", loom))]
use std::task::Poll;

use crate::core::Connection;
use crate::driver::{Awaited, Parked, Party};
use crate::parcel::Parcel;
use crate::sync::{Arc, Backoff, Mutex, MutexGuard, thread};
use crate::waiter::{Waiter, this_thread};

/// Messages that get their numbers together, one after the other: a batch, or a single one whose sender waits for
/// its number.
pub(crate) struct Bundle<T> {
    parcels: Vec<Parcel<T>>,
    /// Where the sender waits, if it does.
    ticket: Option<Arc<Ticket<T>>>,
}

/// Where a sender learns what has become of its bundle.
pub(crate) struct Ticket<T> {
    fate: Mutex<Fate<T>>,
    sender: Waiter,
}

enum Fate<T> {
    /// Nobody knows yet.
    Open,
    /// The first number.
    Numbered(u64),
    /// Not numbered: here they are.
    Returned(Vec<Parcel<T>>),
}

/// A ticket whose bundle has got its numbers. Dropped when they are on the clock, it tells the sender.
pub(crate) struct Numbered<T> {
    ticket: Arc<Ticket<T>>,
    first: u64,
}

impl<T> Bundle<T> {
    /// A bundle whose sender does not wait.
    pub(crate) fn new(parcels: Vec<Parcel<T>>) -> Self {
        Self {
            parcels,
            ticket: None,
        }
    }

    /// A bundle, and where its sender waits.
    pub(crate) fn with_ticket(parcels: Vec<Parcel<T>>) -> (Self, Arc<Ticket<T>>) {
        let ticket = Arc::new(Ticket {
            fate: Mutex::new(Fate::Open),
            sender: Waiter::new(),
        });
        let bundle = Self {
            parcels,
            ticket: Some(Arc::clone(&ticket)),
        };
        (bundle, ticket)
    }

    /// How many numbers it needs.
    pub(crate) fn len(&self) -> u64 {
        self.parcels.len() as u64
    }

    /// Takes the messages out, to be numbered from `first` on.
    pub(crate) fn number(mut self, first: u64) -> (Vec<Parcel<T>>, Option<Numbered<T>>) {
        let ticket = self.ticket.take();
        let numbered = ticket.map(|ticket| Numbered { ticket, first });
        (std::mem::take(&mut self.parcels), numbered)
    }

    /// Takes the messages out, which will not be numbered. By their sender.
    pub(crate) fn into_parcels(mut self) -> Vec<Parcel<T>> {
        self.ticket = None;
        std::mem::take(&mut self.parcels)
    }
}

impl<T> Drop for Bundle<T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.decide(Fate::Returned(std::mem::take(&mut self.parcels)));
        }
    }
}

impl<T> Drop for Numbered<T> {
    fn drop(&mut self) {
        self.ticket.decide(Fate::Numbered(self.first));
    }
}

impl<T> Ticket<T> {
    fn decide(&self, fate: Fate<T>) {
        *self.lock() = fate;
        // No fence: the lock orders it. Whoever took the lock for a look before this had signed up before that, and
        // is seen here. Whoever takes it after this sees the fate.
        self.sender.wake();
    }

    /// Waits for the first number. If there will be none, returns the messages.
    pub(crate) fn wait(&self, connection: &Connection<T>) -> Result<u64, Vec<Parcel<T>>> {
        let backoff = Backoff::yielding();
        while !backoff.is_completed() {
            connection.help();
            if let Some(fate) = self.look() {
                return fate;
            }
            backoff.snooze();
        }
        let waker = this_thread();
        let mut parked = Parked::new(connection.caller(), Awaited::Anything, Party::Thread);
        loop {
            self.sender.register(&waker);
            parked.sign_up(&waker);
            if let Some(fate) = self.look() {
                self.sender.clear();
                return fate;
            }
            thread::park_until(None);
        }
    }

    /// As [`wait`](Self::wait), for a task.
    #[cfg(any(feature = "async", loom))]
    pub(crate) fn poll(
        &self,
        parked: &mut Parked<'_>,
        cx: &std::task::Context<'_>,
    ) -> Poll<Result<u64, Vec<Parcel<T>>>> {
        if let Some(fate) = self.look() {
            return Poll::Ready(fate);
        }
        let waker = cx.waker().clone();
        self.sender.register(&std::sync::Arc::new(waker));
        parked.sign_up(cx.waker());
        match self.look() {
            Some(fate) => {
                self.sender.clear();
                Poll::Ready(fate)
            }
            None => Poll::Pending,
        }
    }

    fn look(&self) -> Option<Result<u64, Vec<Parcel<T>>>> {
        let mut fate = self.lock();
        match &mut *fate {
            Fate::Open => None,
            Fate::Numbered(first) => Some(Ok(*first)),
            Fate::Returned(parcels) => Some(Err(std::mem::take(parcels))),
        }
    }

    /// No code of the user's runs under the lock, so it is not poisoned.
    fn lock(&self) -> MutexGuard<'_, Fate<T>> {
        self.fate
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
