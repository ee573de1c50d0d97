//! docs to come
#![cfg(not(all(loom, doctest)))]

mod broadcaster;
mod builder;
mod clock_cell;
mod contained;
mod control;
mod core;
mod directory;
mod dispatcher;
mod driver;
mod engine;
mod error;
mod event;
mod inbox;
mod iter;
mod lane;
#[cfg(loom)]
#[doc(hidden)]
pub mod models;
mod numbers;
mod parcel;
mod receiver;
mod ring;
mod roster;
mod sender;
mod seq;
mod signal_list;
mod slot;
mod snapshot;
mod source;
mod sync;
mod waiter;

pub use crate::broadcaster::Broadcaster;
pub use crate::builder::Builder;
pub use crate::dispatcher::{Dispatcher, Serializing};
pub use crate::error::{
    BuildError, ChannelError, DisconnectReason, RecvError, RecvTimeoutError, SendError,
    SendTimeoutError, TryRecvError, TrySendError,
};
pub use crate::event::Event;
pub use crate::iter::{Drain, IntoIter, Iter, TryIter};
pub use crate::receiver::Receiver;
pub use crate::sender::Sender;
pub use crate::seq::{Clock, Seq};
pub use crate::snapshot::{ReceiverSnapshot, SenderSnapshot, Snapshot};
