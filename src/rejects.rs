//! What came late, and is handed back.

use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};

use crate::driver::{Awaited, Parked, Party, WeakCaller, upgrade};
use crate::sync::{Arc, channel, thread};
use crate::wait_queue::{Place, WaitQueue};
use crate::waiter::{fence_after_publishing, this_thread};
use crate::{RecvError, RecvTimeoutError, Seq, TryRecvError};

/// A message that a forwarding dispatcher could not deliver in order, and that its sender could not know of.
///
/// Its number was late or had been used, or in [`Order::Dense`](crate::Order::Dense) it waited for a number that
/// can never come. Made by [`Rejects`], which has an example.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Rejected<T> {
    /// The number it was forwarded with.
    pub seq: Seq,
    /// What was forwarded; `None` if it was `forward_empty`.
    pub value: Option<T>,
    /// Who did it: the [`id`](crate::Sender::id) of the sender or broadcaster.
    pub sender: u64,
    /// The name of the receiver it was for; `None` if it was for all.
    pub target: Option<String>,
}

/// Receives what a forwarding dispatcher rejects. Made by
/// [`Dispatcher::rejects`](crate::Dispatcher::rejects).
///
/// All handles of a dispatcher share one queue. It is not bounded, so that a reject holds up nobody; what is
/// not taken out stays until the dispatcher is gone. A handle keeps no dispatcher alive. (A value does that holds a
/// sender of the dispatcher that has rejected it, until it is taken out.)
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Order};
///
/// let order = Order::Dense { window: 8 };
/// let dispatcher = Dispatcher::builder().forwarding(order).build()?;
/// let (tx, rx) = dispatcher.channel("a")?;
/// tx.forward(1, "one")?;
/// tx.forward(1, "one, again")?;
/// let rejected = dispatcher.rejects().recv()?;
/// assert_eq!((rejected.seq.get(), rejected.value), (1, Some("one, again")));
/// assert_eq!(rejected.sender, tx.id());
/// assert_eq!(rx.recv_message()?.1, "one");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Rejects<T> {
    queue: Arc<RejectQueue<T>>,
    caller: WeakCaller,
}

/// What was rejected, and those who wait for it.
pub(crate) struct RejectQueue<T> {
    receiver: channel::Receiver<Rejected<T>>,
    waiting: WaitQueue,
}

/// The engine's end: rejects go in. The queue ends when it is dropped.
pub(crate) struct RejectSender<T> {
    /// Until it is dropped.
    sender: Option<channel::Sender<Rejected<T>>>,
    queue: Arc<RejectQueue<T>>,
}

/// Makes the queue of a dispatcher's rejects.
pub(crate) fn reject_queue<T>() -> (RejectSender<T>, Arc<RejectQueue<T>>) {
    let (sender, receiver) = channel::unbounded();
    let queue = Arc::new(RejectQueue {
        receiver,
        waiting: WaitQueue::new(),
    });
    let sender = RejectSender {
        sender: Some(sender),
        queue: Arc::clone(&queue),
    };
    (sender, queue)
}

impl<T> RejectSender<T> {
    pub(crate) fn send(&self, rejected: Rejected<T>) {
        if let Some(sender) = &self.sender {
            // The other end is there: it is in the queue.
            let _ = sender.send(rejected);
        }
        self.wake();
    }

    fn wake(&self) {
        // (No model shows the need: the stand-in for the channel is under a lock, which orders it anyway.)
        fence_after_publishing();

        self.queue.waiting.wake_from(0);
    }
}

impl<T> Drop for RejectSender<T> {
    fn drop(&mut self) {
        self.sender = None;
        self.wake();
    }
}

impl<T> Rejects<T> {
    pub(crate) fn new(queue: Arc<RejectQueue<T>>, caller: WeakCaller) -> Self {
        Self { queue, caller }
    }

    /// Takes the next one; waits until there is one.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if there is none and the dispatcher's thread has ended: every handle of the dispatcher is
    /// gone, or the thread has died.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order};
    ///
    /// let order = Order::Dense { window: 8 };
    /// let dispatcher = Dispatcher::builder().forwarding(order).build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// let rejects = dispatcher.rejects();
    /// dispatcher.sender("a")?.forward(1, "first")?;
    /// while dispatcher.clock().seq.get() < 1 {
    ///     std::thread::yield_now();
    /// }
    /// tx.forward(1, "second")?; // it cannot know
    /// assert_eq!(rejects.recv()?.value, Some("second"));
    /// drop((tx, rx, dispatcher));
    /// assert!(rejects.recv().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv(&self) -> Result<Rejected<T>, RecvError> {
        self.wait(None).map_err(|_| RecvError)
    }

    /// Takes the next one if there is one. Never blocks.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none; [`TryRecvError::Disconnected`] where
    /// [`recv`](Self::recv) fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order, TryRecvError};
    ///
    /// let dispatcher = Dispatcher::<u32>::builder().forwarding(Order::Frontier).build()?;
    /// assert_eq!(dispatcher.rejects().try_recv(), Err(TryRecvError::Empty));
    /// # Ok::<(), clocked_lanes::BuildError>(())
    /// ```
    pub fn try_recv(&self) -> Result<Rejected<T>, TryRecvError> {
        match self.look() {
            Err(TryRecvError::Empty) if self.help() => self.look(),
            result => result,
        }
    }

    fn look(&self) -> Result<Rejected<T>, TryRecvError> {
        self.queue.receiver.try_recv().map_err(|error| match error {
            channel::TryRecvError::Empty => TryRecvError::Empty,
            channel::TryRecvError::Disconnected => TryRecvError::Disconnected,
        })
    }

    /// In a dispatch without a thread, runs the engine. Returns `true` if it has been at it here.
    fn help(&self) -> bool {
        upgrade(&self.caller).is_some_and(|caller| caller.help())
    }

    /// Takes the next one; waits until there is one, but not longer than `timeout`. A timeout too long to be a
    /// point in time is no limit.
    ///
    /// # Errors
    ///
    /// [`RecvTimeoutError::Timeout`] if the time is up; [`RecvTimeoutError::Disconnected`] where
    /// [`recv`](Self::recv) fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use clocked_lanes::{Dispatcher, Order, RecvTimeoutError};
    ///
    /// let dispatcher = Dispatcher::<u32>::builder().forwarding(Order::Frontier).build()?;
    /// let nothing = dispatcher.rejects().recv_timeout(Duration::from_millis(5));
    /// assert_eq!(nothing, Err(RecvTimeoutError::Timeout));
    /// # Ok::<(), clocked_lanes::BuildError>(())
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Rejected<T>, RecvTimeoutError> {
        self.wait(Instant::now().checked_add(timeout))
    }

    /// Takes one after the other; waits for each, and ends where [`recv`](Self::recv) fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order};
    ///
    /// let order = Order::Dense { window: 8 };
    /// let dispatcher = Dispatcher::builder().forwarding(order).build()?;
    /// let (tx, rx) = dispatcher.channel("a")?;
    /// let rejects = dispatcher.rejects();
    /// let collecting = std::thread::spawn(move || rejects.iter().count());
    /// for _ in 0..3 {
    ///     tx.forward(1, "one")?;
    /// }
    /// drop((tx, rx, dispatcher));
    /// assert_eq!(collecting.join().unwrap(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl FusedIterator<Item = Rejected<T>> + '_ {
        std::iter::from_fn(|| self.recv().ok()).fuse()
    }

    /// Takes those that are there. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Order};
    ///
    /// let dispatcher = Dispatcher::<u32>::builder().forwarding(Order::Frontier).build()?;
    /// assert_eq!(dispatcher.rejects().try_iter().count(), 0);
    /// # Ok::<(), clocked_lanes::BuildError>(())
    /// ```
    pub fn try_iter(&self) -> impl Iterator<Item = Rejected<T>> + '_ {
        std::iter::from_fn(|| self.try_recv().ok())
    }

    fn wait(&self, deadline: Option<Instant>) -> Result<Rejected<T>, RecvTimeoutError> {
        match self.try_recv() {
            Ok(rejected) => return Ok(rejected),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => {}
        }
        let waker = this_thread();
        let mut place = Place::new(&self.queue.waiting);
        let mut parked = Parked::new(&self.caller, Awaited::Anything, Party::Thread);
        loop {
            place.queue_up(0, &waker);
            parked.sign_up(&waker);
            match self.look() {
                Ok(rejected) => return Ok(rejected),
                Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) => {}
            }
            if deadline.is_some_and(|at| Instant::now() >= at) {
                return Err(RecvTimeoutError::Timeout);
            }
            thread::park_until(deadline);
        }
    }
}

impl<T> Clone for Rejects<T> {
    /// A further handle on the same queue: what one takes the other does not get.
    fn clone(&self) -> Self {
        Self {
            queue: Arc::clone(&self.queue),
            caller: self.caller.clone(),
        }
    }
}

impl<T> fmt::Debug for Rejects<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejects").finish_non_exhaustive()
    }
}
