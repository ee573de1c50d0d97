//! Senders and broadcasters alike.

/// The same call on a sender or a broadcaster, whichever a `Handle` is.
macro_rules! on {
    ($handle:expr, $tx:ident => $call:expr) => {
        match $handle {
            Handle::One($tx) => $call,
            Handle::All($tx) => $call,
        }
    };
}

pub(crate) use on;
