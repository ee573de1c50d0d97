//! How numbered messages are put into a lane.

use std::time::{Duration, Instant};

use crate::control::Control;
use crate::item::Item;
use crate::lane::{Lane, NotPut};
use crate::parcel::{Blank, Parcel};
use crate::{ForwardError, ForwardTimeoutError, Order, Seq, TryForwardError};

use super::waiting::Patience;
use super::{Source, value_of};

/// Why a numbered message was not put in. Contains it.
pub(super) enum NotForwarded<V> {
    /// Its number is not above the frontier.
    Late(V),
    /// There was no space, or none in time.
    Full(V),
    /// The lane is closed.
    Disconnected(V),
}

impl<T> NotForwarded<Item<T>> {
    fn into_value(self) -> NotForwarded<T> {
        match self {
            Self::Late(item) => NotForwarded::Late(value_of(item)),
            Self::Full(item) => NotForwarded::Full(value_of(item)),
            Self::Disconnected(item) => NotForwarded::Disconnected(value_of(item)),
        }
    }

    fn into_error(self) -> TryForwardError<T> {
        match self.into_value() {
            NotForwarded::Late(value) => TryForwardError::Late(value),
            NotForwarded::Full(value) => TryForwardError::Full(value),
            NotForwarded::Disconnected(value) => TryForwardError::Disconnected(value),
        }
    }
}

impl<T> Source<T> {
    pub(crate) fn frontier(&self) -> Seq {
        Seq::from(self.lane.frontier())
    }

    #[inline]
    pub(crate) fn forward(&self, seq: Seq, parcel: Parcel<T>) -> Result<(), ForwardError<T>> {
        self.put_numbered(seq, parcel, Patience::Endless)
            .map_err(|error| match error.into_value() {
                NotForwarded::Late(value) => ForwardError::Late(value),
                NotForwarded::Full(value) | NotForwarded::Disconnected(value) => {
                    ForwardError::Disconnected(value)
                }
            })
    }

    #[inline]
    pub(crate) fn try_forward(
        &self,
        seq: Seq,
        parcel: Parcel<T>,
    ) -> Result<(), TryForwardError<T>> {
        self.put_numbered(seq, parcel, Patience::None)
            .map_err(NotForwarded::into_error)
    }

    /// A timeout too long to be a point in time is no limit.
    pub(crate) fn forward_timeout(
        &self,
        seq: Seq,
        parcel: Parcel<T>,
        timeout: Duration,
    ) -> Result<(), ForwardTimeoutError<T>> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.forward_deadline(seq, parcel, deadline),
            None => self.forward(seq, parcel).map_err(Into::into),
        }
    }

    pub(crate) fn forward_deadline(
        &self,
        seq: Seq,
        parcel: Parcel<T>,
        deadline: Instant,
    ) -> Result<(), ForwardTimeoutError<T>> {
        self.put_numbered(seq, parcel, Patience::Until(deadline))
            .map_err(|error| match error.into_value() {
                NotForwarded::Late(value) => ForwardTimeoutError::Late(value),
                NotForwarded::Full(value) => ForwardTimeoutError::Timeout(value),
                NotForwarded::Disconnected(value) => ForwardTimeoutError::Disconnected(value),
            })
    }

    /// Fills a number with nothing.
    pub(crate) fn forward_empty(&self, seq: Seq) -> Result<(), ForwardError<()>> {
        if !self.is_dense() {
            return self.advance(seq);
        }
        self.put_numbered(
            seq,
            Parcel::without_value(Blank::Nothing),
            Patience::Endless,
        )
        .map_err(|error| match error {
            NotForwarded::Late(_) => ForwardError::Late(()),
            NotForwarded::Full(_) | NotForwarded::Disconnected(_) => ForwardError::Disconnected(()),
        })
    }

    /// Promises that nothing up to `seq` follows.
    pub(crate) fn advance(&self, seq: Seq) -> Result<(), ForwardError<()>> {
        if self.lane.is_closed() {
            return Err(ForwardError::Disconnected(()));
        }
        if self.lane.raise(seq.get()) {
            // The engine may be asleep, and no message wakes it. If the lane is claimed already, whoever
            // has claimed it sees to that, or has no use for the frontier: there is a message before it
            // that waits.
            if self.signal() && self.connection.inline().is_none() {
                self.connection.tell(Control::Advanced);
            }
        }
        Ok(())
    }

    /// Has the lane take several messages with one number, as [`put_tied`](Self::put_tied) puts them in.
    pub(crate) fn allow_ties(&self) {
        self.lane.allow_ties();
    }

    /// Puts a message in that may have the number of the one before. The frontier is one lower, then;
    /// `advance` raises it when nothing more comes with that number.
    pub(crate) fn put_tied(
        &self,
        seq: Seq,
        parcel: Parcel<T>,
        waits: bool,
    ) -> Result<(), TryForwardError<T>> {
        let item = Item {
            seq: seq.get(),
            parcel,
        };
        let patience = if waits {
            Patience::Endless
        } else {
            Patience::None
        };
        self.put_item(item, seq.get().saturating_sub(1), patience)
            .map_err(NotForwarded::into_error)
    }

    #[inline]
    pub(super) fn put_numbered(
        &self,
        seq: Seq,
        parcel: Parcel<T>,
        patience: Patience,
    ) -> Result<(), NotForwarded<Item<T>>> {
        let seq = seq.get();
        self.put_item(Item { seq, parcel }, seq, patience)
    }

    /// Puts a message in. In `Order::Frontier`, the frontier is at `then` afterwards.
    #[inline]
    fn put_item(
        &self,
        item: Item<T>,
        then: u64,
        patience: Patience,
    ) -> Result<(), NotForwarded<Item<T>>> {
        let frontier = self.lane.frontier();
        if item.seq <= frontier {
            return Err(NotForwarded::Late(item));
        }
        if !self.is_dense() {
            self.put_and_then(item, patience, || {
                self.lane.raise(then);
            })
        } else if self.lane.marked() < frontier {
            self.put_after_promise(item, frontier, patience)
        } else {
            self.put_and_then(item, patience, || {})
        }
    }

    /// In `Order::Dense`: puts in what was promised since the last message, and then the message.
    ///
    /// The engine reads the frontier where it finds the lane empty. It does not come to that if the
    /// message has to wait, for what has just been promised away, say.
    #[cold]
    fn put_after_promise(
        &self,
        item: Item<T>,
        frontier: u64,
        patience: Patience,
    ) -> Result<(), NotForwarded<Item<T>>> {
        let promise = Item {
            seq: frontier,
            parcel: Parcel::without_value(Blank::Promise),
        };
        match self.put_in(promise, patience) {
            Ok(()) => self.lane.mark(frontier),
            Err(NotPut::Full(_)) => return Err(NotForwarded::Full(item)),
            Err(NotPut::Closed(_)) => return Err(NotForwarded::Disconnected(item)),
        }
        // No model shows this call: an engine about to block finds by itself what is in the lane.
        self.signal();
        self.put_and_then(item, patience, || {})
    }

    /// Puts a message in, and does something before the engine looks at the lane.
    #[inline]
    fn put_and_then(
        &self,
        item: Item<T>,
        patience: Patience,
        then: impl FnOnce(),
    ) -> Result<(), NotForwarded<Item<T>>> {
        let seq = item.seq;
        match self.put_in(item, patience) {
            Ok(()) => {
                then();
                self.signal();
                let telemetry = self.connection.core().telemetry();
                telemetry.message_sent(&self.lane, Some(seq));
                Ok(())
            }
            Err(NotPut::Full(item)) => Err(NotForwarded::Full(item)),
            Err(NotPut::Closed(item)) => Err(NotForwarded::Disconnected(item)),
        }
    }

    /// Has the engine look at the lane. Returns whether it was this call that has.
    #[inline]
    fn signal(&self) -> bool {
        let core = self.connection.core();
        let claimed = Lane::signal_or(&self.lane, core.ready_lanes(), |end| {
            // It was accepted as the dispatch gave up for want of a number. (No model shows the need; the test
            // `dense_loses_nothing_that_is_put_in_as_it_gives_up` does.)
            if core.missing().is_some() {
                self.connection.tell(Control::Leftover(end));
            }
        });

        if claimed {
            self.connection.signalled();
        }
        claimed
    }

    /// Puts a message in as one does that has found the lane open just before it was closed.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn put_unseen(&self, item: Item<T>) {
        self.lane.put_unseen(item);
        self.signal();
    }

    #[inline]
    fn is_dense(&self) -> bool {
        let gate = self.connection.core().gate();
        gate.is_some_and(|gate| matches!(gate.order(), Order::Dense { .. }))
    }
}
