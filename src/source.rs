//! What a sender and a broadcaster have in common: a lane, and the way to use it.

#[cfg(any(feature = "async", loom))]
mod asynchronous;
mod batch;
mod forwarding;
#[cfg(feature = "async")]
mod sink;
mod waiting;

use std::time::{Duration, Instant};

#[cfg(any(feature = "async", loom))]
pub use asynchronous::SendAsync;

use crate::core::Connection;
use crate::item::Item;
use crate::lane::{Lane, NotPut};
use crate::parcel::Parcel;
use crate::sync::Arc;
use crate::{DisconnectReason, SendError, SendTimeoutError, Seq, TrySendError};
use waiting::Patience;

/// A handle's hold on its lane. Dropped, it leaves; cloned, it opens another lane to the same target.
pub(crate) struct Source<T> {
    lane: Arc<Lane<T>>,
    connection: Connection<T>,
    /// The place of a task that waits for space, for the handle as a sink.
    #[cfg(feature = "async")]
    sink: sink::Places,
}

impl<T> Source<T> {
    pub(crate) fn new(lane: Arc<Lane<T>>, connection: Connection<T>) -> Self {
        Self {
            lane,
            connection,
            #[cfg(feature = "async")]
            sink: sink::Places::default(),
        }
    }

    /// Tells that it has joined. A panic there has it leave.
    pub(crate) fn announced(self) -> Self {
        self.connection.core().telemetry().source_joined(&self.lane);
        self
    }

    pub(crate) fn lane(&self) -> &Lane<T> {
        &self.lane
    }

    /// The lane, after a look of the engine at it if there is no thread.
    pub(crate) fn moved_on(&self) -> &Lane<T> {
        self.connection.help();
        &self.lane
    }

    pub(crate) fn connection(&self) -> &Connection<T> {
        &self.connection
    }

    /// Why nothing can be sent for good; `None` if something can.
    pub(crate) fn disconnect_reason(&self) -> Option<DisconnectReason> {
        let core = self.connection.core();
        // Whether before why: who closes a lane has said why by then.
        let is_closed = self.lane.is_closed();
        let absence = self.lane.target().and_then(|to| to.absence());
        if absence.is_some() {
            absence
        } else if core.is_dead() {
            Some(DisconnectReason::DispatcherDied)
        } else if is_closed {
            Some(match core.missing() {
                Some(number) => DisconnectReason::MissingNumber(Seq::from(number)),
                None => DisconnectReason::SendersGone,
            })
        } else if core.numbers().is_empty() {
            Some(DisconnectReason::NumbersExhausted)
        } else {
            None
        }
    }

    #[inline]
    pub(crate) fn send(&self, parcel: Parcel<T>) -> Result<(), SendError<T>> {
        self.put(parcel, Patience::Endless)
            .map_err(|not_put| match not_put {
                NotPut::Full(item) | NotPut::Closed(item) => SendError(value_of(item)),
            })
    }

    #[inline]
    pub(crate) fn try_send(&self, parcel: Parcel<T>) -> Result<(), TrySendError<T>> {
        self.put(parcel, Patience::None)
            .map_err(|not_put| match not_put {
                NotPut::Full(item) => TrySendError::Full(value_of(item)),
                NotPut::Closed(item) => TrySendError::Disconnected(value_of(item)),
            })
    }

    /// A timeout too long to be a point in time is no limit.
    pub(crate) fn send_timeout(
        &self,
        parcel: Parcel<T>,
        timeout: Duration,
    ) -> Result<(), SendTimeoutError<T>> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.send_deadline(parcel, deadline),
            None => self.send(parcel).map_err(SendTimeoutError::from),
        }
    }

    pub(crate) fn send_deadline(
        &self,
        parcel: Parcel<T>,
        deadline: Instant,
    ) -> Result<(), SendTimeoutError<T>> {
        self.put(parcel, Patience::Until(deadline))
            .map_err(|not_put| match not_put {
                NotPut::Full(item) => SendTimeoutError::Timeout(value_of(item)),
                NotPut::Closed(item) => SendTimeoutError::Disconnected(value_of(item)),
            })
    }

    #[inline]
    fn put(&self, parcel: Parcel<T>, patience: Patience) -> Result<(), NotPut<T>> {
        self.put_counted(parcel, 1, patience)
    }

    /// Puts in what needs `count` numbers.
    #[inline]
    fn put_counted(
        &self,
        parcel: Parcel<T>,
        count: u64,
        patience: Patience,
    ) -> Result<(), NotPut<T>> {
        let core = self.connection.core();
        let item = Item::unnumbered(parcel);
        if !core.numbers().reserve(count) {
            return Err(NotPut::Closed(item));
        }
        let result = self.put_in(item, patience);
        match result {
            Ok(()) => {
                if Lane::signal(&self.lane, core.ready_lanes()) {
                    self.connection.signalled();
                }
                core.telemetry().message_sent(&self.lane, None);
            }
            Err(_) => core.numbers().release(count),
        }
        result
    }
}

/// The value of an item that comes back from a lane.
fn value_of<T>(item: Item<T>) -> T {
    // It was for one receiver, or else nobody has a share in it yet but us.
    item.parcel
        .take()
        .expect("a message that was not sent is whole")
}

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        let target = self.lane.target().cloned();
        if let Some(inbox) = &target {
            let counted = inbox.add_sender();
            debug_assert!(counted, "this sender has not left");
        }
        Self::new(
            self.connection.join(target, Some(&self.lane)),
            self.connection.clone(),
        )
        .announced()
    }
}

impl<T> Drop for Source<T> {
    fn drop(&mut self) {
        #[cfg(feature = "async")]
        self.leave_sink();
        self.connection.leave(&self.lane);
    }
}
