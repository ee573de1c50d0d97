//! What a sender and a broadcaster have in common: a lane, and the way to use it.

use std::time::{Duration, Instant};

use crate::core::{Connection, Core};
use crate::lane::Lane;
use crate::parcel::Parcel;
use crate::sync::{Arc, channel};
use crate::{DisconnectReason, SendError, SendTimeoutError, TrySendError};

/// A handle's hold on its lane. Dropped, it leaves; cloned, it opens another lane to the same target.
pub(crate) struct Source<T> {
    lane: Arc<Lane<T>>,
    connection: Connection<T>,
}

impl<T> Source<T> {
    pub(crate) fn new(lane: Arc<Lane<T>>, connection: Connection<T>) -> Self {
        Self { lane, connection }
    }

    pub(crate) fn lane(&self) -> &Lane<T> {
        &self.lane
    }

    /// Why nothing can be sent for good; `None` if something can.
    pub(crate) fn disconnect_reason(&self) -> Option<DisconnectReason> {
        let core = self.connection.core();
        if self.lane.target().is_some_and(|to| to.is_gone()) {
            Some(DisconnectReason::ReceiverGone)
        } else if core.is_dead() {
            Some(DisconnectReason::DispatcherDied)
        } else if self.lane.is_closed() {
            Some(DisconnectReason::SendersGone)
        } else if core.numbers().is_empty() {
            Some(DisconnectReason::NumbersExhausted)
        } else {
            None
        }
    }

    #[inline]
    pub(crate) fn send(&self, parcel: Parcel<T>) -> Result<(), SendError<T>> {
        self.put(parcel, |queue, parcel| queue.send(parcel))
            .map_err(|channel::SendError(parcel)| SendError(value_of(parcel)))
    }

    #[inline]
    pub(crate) fn try_send(&self, parcel: Parcel<T>) -> Result<(), TrySendError<T>> {
        use channel::TrySendError::{Disconnected, Full};
        self.put(parcel, |queue, parcel| queue.try_send(parcel))
            .map_err(|error| match error {
                Full(parcel) => TrySendError::Full(value_of(parcel)),
                Disconnected(parcel) => TrySendError::Disconnected(value_of(parcel)),
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
        use channel::SendTimeoutError::{Disconnected, Timeout};
        self.put(parcel, |queue, parcel| {
            queue.send_deadline(parcel, deadline)
        })
        .map_err(|error| match error {
            Timeout(parcel) => SendTimeoutError::Timeout(value_of(parcel)),
            Disconnected(parcel) => SendTimeoutError::Disconnected(value_of(parcel)),
        })
    }

    #[inline]
    fn put<E>(
        &self,
        parcel: Parcel<T>,
        put: impl FnOnce(&channel::Sender<Parcel<T>>, Parcel<T>) -> Result<(), E>,
    ) -> Result<(), E>
    where
        E: From<channel::SendError<Parcel<T>>>,
    {
        let core: &Core<T> = self.connection.core();
        // A receiver that has left is noticed here at once, and not only when the engine has been told.
        if self.lane.target().is_some_and(|to| to.is_gone()) || !core.numbers().reserve() {
            return Err(channel::SendError(parcel).into());
        }
        let result = put(self.lane.queue(), parcel);
        match result {
            // After the message, so that the engine finds it when it looks at this lane.
            Ok(()) => core.ready_lanes().signal(&self.lane),
            Err(_) => core.numbers().release(),
        }
        result
    }
}

/// The value of a parcel that comes back from a lane.
fn value_of<T>(parcel: Parcel<T>) -> T {
    // It was for one receiver, or else nobody has a share in it yet but us.
    parcel.take().expect("a message that was not sent is whole")
}

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        let target = self.lane.target().cloned();
        Self::new(self.connection.join(target), self.connection.clone())
    }
}

impl<T> Drop for Source<T> {
    fn drop(&mut self) {
        self.connection.leave(&self.lane);
    }
}
