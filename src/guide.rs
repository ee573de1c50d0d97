//! How to use the crate, a page for each question.
//!
//! 1. [The idea](idea), with a picture.
//! 2. [Choosing capacities](capacities).
//! 3. [Order](ordering): what is guaranteed, and what is not.
//! 4. [What each blocking call waits for](blocking).
//! 5. [Putting dispatchers together](composing).
//! 6. [Coming from `clocked-dispatch` 4](migrating): each old call, and the new one.
//!
//! The [crate's page](crate) has the guarantees in short, and each type's page has the details. There is nothing in
//! these modules but text.

#[doc = include_str!("guide/idea.md")]
// The picture is a block of HTML, from one empty line to the next.
#[doc = ""]
#[doc = include_str!("guide/idea.svg")]
#[doc = ""]
#[doc = include_str!("guide/idea-explained.md")]
pub mod idea {}

#[doc = include_str!("guide/capacities.md")]
pub mod capacities {}

#[doc = include_str!("guide/ordering.md")]
pub mod ordering {}

#[doc = include_str!("guide/blocking.md")]
pub mod blocking {}

#[doc = include_str!("guide/composing.md")]
pub mod composing {}

#[doc = include_str!("guide/migrating.md")]
pub mod migrating {}
