// Under loom there are no examples to test: they would not run inside a model.
#![cfg(not(all(loom, doctest)))]
#![cfg_attr(docsrs, feature(doc_cfg))]
//! Bounded channels behind one dispatcher that numbers every message, so that threads which read from
//! different channels can tell how far each of them has got.
//!
//! # The idea
//!
//! With ordinary channels, a thread that has seen update 7 cannot know whether another thread, which
//! reads from another channel, has seen everything up to 7 as well. There is no "up to": the channels
//! have no order in common. Here all channels of a [`Dispatcher`] have one. It gives every message a number,
//! rising by one, and each [`Receiver`] gets its own messages in that order, and besides learns how far
//! the numbers have got: an [`Event`] is either a message with its number, or just the number.
//!
//! ```
//! use clocked_lanes::{Dispatcher, Event, Seq};
//!
//! let dispatcher = Dispatcher::new();
//! let (to_users, users) = dispatcher.channel("users")?;
//! let (to_orders, orders) = dispatcher.channel("orders")?;
//!
//! to_users.send("ada signs up")?;
//! assert_eq!(users.recv()?, Event::Message { seq: Seq::from(1), value: "ada signs up" });
//! // No order has come, and the owner of `orders` knows: up to 1 there is none.
//! assert_eq!(orders.recv()?, Event::Clock(Seq::from(1)));
//!
//! to_orders.send("ada orders tea")?;
//! assert_eq!(orders.recv()?, Event::Message { seq: Seq::from(2), value: "ada orders tea" });
//! assert_eq!(users.recv()?, Event::Clock(Seq::from(2)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! That is what sharded views, caches, replicated state machines and stream operators need to answer "as of
//! which moment?". The example `views` in the repository does it with a year of flights: several threads
//! keep tallies, a broadcast cuts all of them at one number, and the sums are right at each cut.
//!
//! The [guide] has the idea with a picture, and a page each on choosing capacities, on what is ordered and
//! what is not, on what each blocking call waits for, on putting dispatchers together, and on coming from
//! `clocked-dispatch` 4.
//!
//! # What is guaranteed
//!
//! - **One order.** Messages are numbered `start + 1`, `start + 2`, … without gap or repeat. Each receiver
//!   gets exactly its own, once each, in rising order. Numbers end at [`Seq::MAX`] and never wrap.
//! - **First in, first out for each sender.** Between senders the order is the dispatcher's: two sends by one
//!   thread through two senders may be numbered either way.
//! - **The clock never lies.** When a receiver has returned an event with number `n`, it has returned every
//!   message for it numbered `n` or lower. A broadcast is delivered to all receivers at once.
//! - **The clock always arrives.** Once `n` is given out, every receiver that asks learns of `n` or a higher
//!   number, and one that waits in [`recv`](Receiver::recv) wakes. Catching up is one event, however far.
//! - **Independence.** A receiver that is full delays its own senders and the broadcasters, nobody else.
//! - **Bounds.** At most [`lane_capacity`](Builder::lane_capacity) messages for each sender and
//!   [`capacity`](Builder::capacity) for each receiver are in flight, with two exceptions: one that
//!   [`Broadcaster`] describes, and a [batch](Sender::send_batch), which takes one place in its lane and is never larger
//!   than a `capacity`. A slot that is freed is used at once.
//! - **No starvation.** While receivers keep receiving, every sender gets on, and every broadcaster.
//! - **Ends.** When its senders and all broadcasters are gone, a receiver still gets everything sent, and is
//!   disconnected then. When a receiver is gone, its senders get their values back.
//! - **Handles are free to go.** Dropping or cloning one never blocks, whatever is full.
//! - **Your code runs in your threads.** `Clone` of a broadcast runs in the receiver's call, and a panic in it
//!   is that caller's. Only what nobody receives, because its receiver has gone or there was none, is dropped
//!   by the dispatcher's thread (or, [without one](Builder::inline), in some call), and a panic there ends there.
//! - **A dead dispatcher is an error** of every call, and no call hangs.
//!
//! # How it works
//!
//! ```text
//! Sender ──lane (crossbeam-channel)──▶ ┌────────┐ ──inbox (ring)──▶ Receiver
//! Sender ──lane──────────────────────▶ │ engine │ ──inbox─────────▶ Receiver
//! Broadcaster ──lane─────────────────▶ └───┬────┘        ▲ read by all
//!                                          └─publish─▶ clock
//! ```
//!
//! Each sender has a *lane* of its own, a bounded `crossbeam-channel`. The *engine*, on a thread of its
//! own, takes a message out of a lane only when there is space in the *inbox* it is for, so it never
//! waits for a receiver. When there is nothing to move it blocks in a `Select` over exactly the lanes whose
//! receivers have space. A receiver that is not addressed costs nothing: it reads the *clock*, two
//! words behind a sequence lock, when it asks.
//!
//! It can do without that thread: [`Builder::inline`] has the engine run by whoever finds nothing to receive or no
//! space to send, which is faster for the most part. It says what is different then.
//!
//! # Forwarding: messages that arrive numbered
//!
//! A dispatcher can also take the numbers as they come, from another dispatcher for instance, and put what several
//! sources send into their order: [`Builder::forwarding`], with one of two contracts ([`Order`]). The mode is in
//! the type: there it is `forward` instead of `send`, and besides `advance`, which promises that nothing up to a
//! number follows. A [`Pump`] passes on what a receiver gets, so that dispatchers can be put together: the order
//! and the clock at the bottom are those of the top. What is guaranteed is as above, but for the numbers:
//!
//! - A message says of the *lower* numbers that they are over, in [`Order::Frontier`], where several sources may
//!   use one number; only a tick, or an event with a higher number, says it of its own.
//! - In [`Order::Frontier`] each receiver has a clock of its own: the number that all its sources are done with.
//!   [`Dispatcher::clock`] shows how far all live receivers have got. In [`Order::Dense`] there is one clock, and one
//!   order for all: a full receiver holds up higher numbers, also those of others, once the window is used up.
//! - A broadcast arrives at each receiver as the order allows it there, and not at all at once.
//! - Of each sender one message more may be in flight: the dispatcher has it in hand while its turn has not come.
//!   In [`Order::Frontier`] what a broadcaster has sent waits for each receiver apart, at most a lane's capacity of
//!   it; in [`Order::Dense`] at most a window of messages waits in between.
//! - A number that is late or used is an error, with the value in it. Where only the dispatcher can know, it
//!   goes to [`Dispatcher::rejects`]. [`Dispatcher::snapshot`] tells who holds a clock back.
//!
//! # Memory
//!
//! Buffers are allocated in full when a handle is made. For messages of 8 bytes, and on 64-bit machines, a
//! message takes 32 bytes in a lane and 24 in an inbox. With the capacities as they are unless set (256 each),
//! an idle sender takes about 9,100 bytes, of which 1,000 are not the buffer, and an idle receiver about 7,500, of
//! which 1,300 are not; in [`Order::Frontier`], where it has a clock of its own and keeps its sources in order, a
//! receiver takes about 8,300. (Measured with 1,000 of each, on Linux.)
//!
//! After that a message allocates nothing, on its way from `send` or `forward` to `recv`. A broadcast allocates once, for
//! what its receivers share, however many they are; a batch twice, however large it is; `send_sequenced` three times.
//! The dispatcher's thread allocates a little when it goes to sleep.
//!
//! # Features
//!
//! None is on unless asked for.
//!
//! - `async`: tasks wait where threads do, on any executor, and both mix: [`Receiver`] has `recv_async` and is a
//!   `Stream`, [`Sender`] and [`Broadcaster`] have `send_async` and are a `Sink`, and [`Progress`] has
//!   `wait_for_async`.
//! - `serde`: [`Seq`] (as a plain number), [`Clock`], [`Order`] and [`Snapshot`] with its parts can be serialized and
//!   deserialized.
//! - `metrics`: who is there and which calls wait, as [`metrics`](https://docs.rs/metrics), see below.
//! - `tracing`: what happens is told to [`tracing`](https://docs.rs/tracing), see below.
//!
//! ## tracing
//!
//! The target is `clocked_lanes`. Field `dispatcher` is the [name of its thread](Builder::thread_name), `receiver` a
//! receiver's name, `sender` the [id](Sender::id) of a sender or broadcaster; a broadcaster has no `receiver`.
//!
//! | level | event or span | fields |
//! |---|---|---|
//! | DEBUG | `receiver joined`, `receiver left` | `dispatcher`, `receiver` |
//! | DEBUG | `sender joined`, `sender left` | `dispatcher`, `sender`, `receiver` |
//! | DEBUG | `broadcaster joined`, `broadcaster left` | `dispatcher`, `sender` |
//! | DEBUG | span `send_blocked`, in it `blocked` and `unblocked`: a send waits for space in its lane | `dispatcher`, `sender`, `receiver` |
//! | DEBUG | span `receive_parked`, in it `parked` and `resumed`: a receive waits, and has its thread sleep | `dispatcher`, `receiver` |
//! | ERROR | `engine died`: told by the dispatcher's thread as it ends, when every handle has an error | `dispatcher` |
//! | TRACE | `sent`, `received`: only if asked for by `Builder::trace_messages` | `dispatcher`, `sender`, `receiver`, `seq` |
//!
//! As long as no call waits and the events of messages are not asked for, a message costs a look at a flag more
//! than without the feature.
//!
//! A subscriber may use the crate. If it panics at `joined`, that goes to who makes the handle, which is
//! dropped then. All other panics end where they are, so that no message is lost.
//!
//! ## metrics
//!
//! All have the label `dispatcher`, the [name of its thread](Builder::thread_name); `kind` is `sender` or
//! `broadcaster`. There is no label for receivers: their names may be without number. [`Dispatcher::snapshot`] has
//! what concerns single ones.
//!
//! | name | what it is | unit | labels |
//! |---|---|---|---|
//! | `clocked_lanes_receivers` | gauge: receivers that are there | count | `dispatcher` |
//! | `clocked_lanes_receivers_joined_total`, `clocked_lanes_receivers_left_total` | counters | count | `dispatcher` |
//! | `clocked_lanes_senders` | gauge: senders and broadcasters that are there | count | `dispatcher`, `kind` |
//! | `clocked_lanes_senders_joined_total`, `clocked_lanes_senders_left_total` | counters | count | `dispatcher`, `kind` |
//! | `clocked_lanes_sends_blocked_total` | counter: sends that began to wait for space in their lane | count | `dispatcher`, `kind` |
//! | `clocked_lanes_send_blocked_seconds` | histogram: how long they waited | seconds | `dispatcher`, `kind` |
//! | `clocked_lanes_receives_parked_total` | counter: receives that began to wait and had their thread sleep | count | `dispatcher` |
//! | `clocked_lanes_receive_parked_seconds` | histogram: how long they waited | seconds | `dispatcher` |
//! | `clocked_lanes_engine_deaths_total` | counter: dispatchers whose thread has died | count | `dispatcher` |
//!
//! Messages are not counted one by one: [`Dispatcher::clock`] has their number, which costs them nothing. Figures go to
//! the recorder that is installed at the time, so it should be installed before there are dispatchers. If it panics,
//! that is as with a subscriber.

// The examples there are tested, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod batch_error;
mod blockage;
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
mod fault;
mod forward_error;
mod forwarding;
mod frontier;
mod gate;
pub mod guide;
mod inbox;
mod item;
mod iter;
mod lane;
#[cfg(loom)]
#[doc(hidden)]
pub mod models;
mod numbers;
mod observed;
mod order;
mod parcel;
mod progress;
mod progress_error;
mod pump;
mod receiver;
mod recv_error;
mod rejects;
mod ring;
mod roster;
mod select;
mod send_error;
mod sender;
mod seq;
mod signal_list;
mod slot;
mod snapshot;
mod source;
#[cfg(fuzzing)]
mod stepper;
mod sync;
mod telemetry;
mod ticket;
mod wait_queue;
mod waiter;
mod weak;

pub use crate::batch_error::SendBatchError;
pub use crate::broadcaster::Broadcaster;
pub use crate::builder::Builder;
pub use crate::dispatcher::{Dispatcher, Serializing};
pub use crate::error::{BuildError, ChannelError, DisconnectReason};
pub use crate::event::Event;
pub use crate::forward_error::{ForwardError, ForwardTimeoutError, TryForwardError};
pub use crate::iter::{Drain, IntoIter, Iter, TryIter};
pub use crate::order::{Forwarding, Order};
pub use crate::progress::Progress;
pub use crate::progress_error::{ProgressError, ProgressTimeoutError};
pub use crate::pump::{Pump, PumpError, PumpTarget, Pumped};
pub use crate::receiver::Receiver;
pub use crate::recv_error::{RecvError, RecvTimeoutError, TryRecvError};
pub use crate::rejects::{Rejected, Rejects};
pub use crate::select::{ReadyTimeoutError, Select, TryReadyError};
pub use crate::send_error::{SendError, SendTimeoutError, TrySendError};
pub use crate::sender::Sender;
pub use crate::seq::{Clock, Seq};
pub use crate::snapshot::{ReceiverSnapshot, SenderSnapshot, Snapshot};
#[cfg(any(feature = "async", loom))]
pub use crate::source::SendAsync;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use crate::stepper::Stepper;
pub use crate::weak::{WeakBroadcaster, WeakSender};
