//! Waiting on several receivers at once.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::Receiver;
use crate::driver::Party;
use crate::sync::{Backoff, thread};
use crate::waiter::this_thread;

/// Waits until one of several receivers has something.
///
/// For a thread that owns several receivers, of one dispatcher or of different ones, also with messages of different
/// types. Used as `crossbeam_channel::Select` is: list the receivers, wait until one is ready, and receive from it
/// then. As nobody else can receive on it, a receiver that is ready stays so.
///
/// A receiver is ready when [`try_recv`](Receiver::try_recv) would not return
/// [`Empty`](crate::TryRecvError::Empty): there is a message or a tick, or it is disconnected. One that is
/// disconnected is always ready, so it is to be [removed](Self::remove).
///
/// It takes nothing out. So it also serves to wait with one receiver for something that is to be received under a
/// lock: see [`Progress`](crate::Progress).
///
/// It is no `crossbeam_channel::Select`, so other channels cannot be in the same selection. What comes on another
/// channel can be sent through a [`Sender`](crate::Sender) as well; or, with feature `async`, a task waits for
/// receivers and anything else at once.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Event, Select, TryRecvError};
///
/// let (numbers, for_numbers) = Dispatcher::<u64>::new().channel("numbers")?;
/// let (words, for_words) = Dispatcher::<&str>::new().channel("words")?;
/// numbers.send(7)?;
/// words.send("seven")?;
/// drop((numbers, words));
///
/// let mut select = Select::new();
/// let number = select.recv(&for_numbers);
/// let word = select.recv(&for_words);
/// let mut got = (0, "");
/// while !select.is_empty() {
///     let ready = select.ready();
///     let ended = if ready == number {
///         match for_numbers.try_recv() {
///             Ok(event) => got.0 += event.into_message().map_or(0, |(_, value)| value),
///             Err(_) => select.remove(number),
///         }
///     } else {
///         match for_words.try_recv() {
///             Ok(event) => got.1 = event.into_message().map_or(got.1, |(_, value)| value),
///             Err(_) => select.remove(word),
///         }
///     };
/// }
/// assert_eq!(got, (7, "seven"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Select<'a> {
    receivers: Vec<Option<&'a dyn Selectable>>,
    /// Where to begin to look, so that each has its turn.
    next: usize,
}

/// No receiver was ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TryReadyError;

/// No receiver was ready in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadyTimeoutError;

/// A receiver, whatever its messages are.
trait Selectable {
    fn is_ready(&self) -> bool;

    /// To be followed by a look, and by `unregister`.
    fn register(&self, waker: &Arc<Waker>);

    fn unregister(&self);
}

impl<T> Selectable for Receiver<T> {
    fn is_ready(&self) -> bool {
        self.is_ready()
    }

    fn register(&self, waker: &Arc<Waker>) {
        Receiver::register(self, waker, Party::Thread, true);
    }

    fn unregister(&self) {
        Receiver::unregister(self);
    }
}

impl<'a> Select<'a> {
    /// Makes one without receivers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a receiver. Returns its index, by which the other methods name it: the number of those that were added
    /// before.
    pub fn recv<T>(&mut self, receiver: &'a Receiver<T>) -> usize {
        self.receivers.push(Some(receiver));
        self.receivers.len() - 1
    }

    /// Takes a receiver out. The indices of the others stay.
    ///
    /// # Panics
    ///
    /// If there is none with this index, or not any more.
    pub fn remove(&mut self, index: usize) {
        let receiver = self.receivers.get_mut(index).and_then(Option::take);
        assert!(
            receiver.is_some(),
            "there is no receiver with index {index}"
        );
    }

    /// Whether there is no receiver, so that waiting would never end.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.receivers.iter().all(Option::is_none)
    }

    /// A receiver that is ready, if there is one. Never blocks. Receivers that are ready take turns.
    ///
    /// # Errors
    ///
    /// [`TryReadyError`] if none is.
    ///
    /// # Examples
    ///
    /// ```
    /// use clocked_lanes::{Dispatcher, Select, TryReadyError};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// let mut select = Select::new();
    /// let at = select.recv(&rx);
    /// assert_eq!(select.try_ready(), Err(TryReadyError));
    /// tx.send_sequenced(1)?;
    /// assert_eq!(select.try_ready(), Ok(at));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        let count = self.receivers.len();
        let found = (0..count)
            .map(|i| (self.next + i) % count)
            .find(|&i| self.receivers[i].is_some_and(Selectable::is_ready));
        match found {
            Some(index) => {
                self.next = index + 1;
                Ok(index)
            }
            None => Err(TryReadyError),
        }
    }

    /// Waits until a receiver is ready.
    ///
    /// # Panics
    ///
    /// If there is no receiver: it would wait for ever.
    pub fn ready(&mut self) -> usize {
        assert!(!self.is_empty(), "there is no receiver to wait for");
        match self.wait(None) {
            Ok(index) => index,
            Err(ReadyTimeoutError) => unreachable!("there is no deadline"),
        }
    }

    /// Waits until a receiver is ready, but not longer than `timeout`. A timeout too long to be a point in time is
    /// no limit.
    ///
    /// # Errors
    ///
    /// [`ReadyTimeoutError`] if the time is up.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use clocked_lanes::{Dispatcher, ReadyTimeoutError, Select};
    ///
    /// let (_tx, rx) = Dispatcher::<u32>::new().channel("a")?;
    /// let mut select = Select::new();
    /// select.recv(&rx);
    /// assert_eq!(select.ready_timeout(Duration::from_millis(5)), Err(ReadyTimeoutError));
    /// # Ok::<(), clocked_lanes::ChannelError>(())
    /// ```
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        self.wait(Instant::now().checked_add(timeout))
    }

    /// Waits until a receiver is ready, but not beyond `deadline`.
    ///
    /// # Errors
    ///
    /// [`ReadyTimeoutError`] if the time is up.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use clocked_lanes::{Dispatcher, Select};
    ///
    /// let (tx, rx) = Dispatcher::new().channel("a")?;
    /// let mut select = Select::new();
    /// let at = select.recv(&rx);
    /// tx.send(1)?;
    /// assert_eq!(select.ready_deadline(Instant::now() + Duration::from_secs(1)), Ok(at));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
        self.wait(Some(deadline))
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Result<usize, ReadyTimeoutError> {
        let backoff = Backoff::yielding();
        loop {
            if let Ok(index) = self.try_ready() {
                return Ok(index);
            }
            if backoff.is_completed() || deadline.is_some_and(|at| Instant::now() >= at) {
                break;
            }
            backoff.snooze();
        }
        let registered = Registered(self.receivers.clone());
        let waker = this_thread();
        loop {
            for receiver in registered.0.iter().flatten() {
                receiver.register(&waker);
            }
            if let Ok(index) = self.try_ready() {
                return Ok(index);
            }
            if deadline.is_some_and(|at| Instant::now() >= at) {
                return Err(ReadyTimeoutError);
            }
            thread::park_until(deadline);
        }
    }
}

/// The receivers have a waker, until this is dropped.
struct Registered<'a>(Vec<Option<&'a dyn Selectable>>);

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        for receiver in self.0.iter().flatten() {
            receiver.unregister();
        }
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let receivers = self.receivers.iter().flatten().count();
        f.debug_struct("Select")
            .field("receivers", &receivers)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for TryReadyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no receiver is ready: try again later, or use `ready` to wait")
    }
}

impl std::error::Error for TryReadyError {}

impl fmt::Display for ReadyTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no receiver was ready in time: try again")
    }
}

impl std::error::Error for ReadyTimeoutError {}
