//! Handles that keep nothing alive.

use std::fmt;
use std::marker::PhantomData;

use crate::core::{Connection, WeakConnection};
use crate::dispatcher::Serializing;
use crate::inbox::Inbox;
use crate::source::Source;
use crate::sync::Arc;
use crate::{Broadcaster, Sender};

/// A handle that a [`Sender`] can be made of, and that does not count as one: it keeps neither the receiver
/// connected nor the dispatcher's thread alive. Made by [`Sender::downgrade`].
pub struct WeakSender<T, M = Serializing> {
    target: Arc<Inbox<T>>,
    connection: WeakConnection<T>,
    marker: PhantomData<fn() -> M>,
}

/// A handle that a [`Broadcaster`] can be made of, and that does not count as one. Made by
/// [`Broadcaster::downgrade`].
pub struct WeakBroadcaster<T, M = Serializing> {
    connection: WeakConnection<T>,
    marker: PhantomData<fn() -> M>,
}

impl<T, M> WeakSender<T, M> {
    pub(crate) fn new(target: &Arc<Inbox<T>>, connection: &Connection<T>) -> Self {
        Self {
            target: Arc::clone(target),
            connection: connection.downgrade(),
            marker: PhantomData,
        }
    }

    /// Makes a sender, with a lane of its own, unless its receiver has been dropped or closed, or has come to
    /// its end as nobody was left to send to it. Never blocks.
    ///
    /// It is as one made by [`Dispatcher::sender`](crate::Dispatcher::sender); in a forwarding dispatch it starts
    /// at the receiver's clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// let weak = tx.downgrade();
    /// assert_eq!(weak.target(), "a");
    /// weak.upgrade().expect("the receiver is there").send(1)?;
    /// assert_eq!(rx.recv_message()?.1, 1);
    /// drop(tx);
    /// assert!(weak.upgrade().is_none());
    /// assert!(rx.recv().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T, M>> {
        let connection = self.connection.upgrade()?;
        if self.target.is_closed() || !self.target.add_sender() {
            return None;
        }
        let lane = connection.join(Some(Arc::clone(&self.target)), None);
        Some(Sender::new(Source::new(lane, connection).announced()))
    }

    /// The name of the receiver.
    #[must_use]
    pub fn target(&self) -> &str {
        self.target.name()
    }
}

impl<T, M> WeakBroadcaster<T, M> {
    pub(crate) fn new(connection: &Connection<T>) -> Self {
        Self {
            connection: connection.downgrade(),
            marker: PhantomData,
        }
    }

    /// Makes a broadcaster, with a lane of its own, unless every handle of the dispatcher is gone. Never blocks.
    ///
    /// It is as one made by [`Dispatcher::broadcaster`](crate::Dispatcher::broadcaster). Receivers that had come
    /// to their end by then are not reached.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::Dispatcher;
    ///
    /// let dispatcher = Dispatcher::new();
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// let weak = dispatcher.broadcaster().downgrade();
    /// weak.upgrade().expect("the dispatcher is there").send(1)?;
    /// assert_eq!(rx.recv_message()?.1, 1);
    /// drop((dispatcher, tx, rx));
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<Broadcaster<T, M>> {
        let connection = self.connection.upgrade()?;
        let lane = connection.join(None, None);
        Some(Broadcaster::new(Source::new(lane, connection).announced()))
    }
}

impl<T, M> Clone for WeakSender<T, M> {
    fn clone(&self) -> Self {
        Self {
            target: Arc::clone(&self.target),
            connection: self.connection.clone(),
            marker: PhantomData,
        }
    }
}

impl<T, M> Clone for WeakBroadcaster<T, M> {
    fn clone(&self) -> Self {
        Self {
            connection: self.connection.clone(),
            marker: PhantomData,
        }
    }
}

impl<T, M> fmt::Debug for WeakSender<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender")
            .field("target", &self.target())
            .finish_non_exhaustive()
    }
}

impl<T, M> fmt::Debug for WeakBroadcaster<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakBroadcaster").finish_non_exhaustive()
    }
}
