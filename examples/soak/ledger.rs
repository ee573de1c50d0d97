//! What one receiver has got, and what is promised about it.

use clocked_lanes::{Event, Order};

use crate::failure::fail;
use crate::value::{BROADCAST, Value};

/// How far a lane has come at a receiver.
#[derive(Clone, Copy, Default)]
struct Progress {
    /// How many of its messages have come.
    next: u64,
    /// The number of the last one.
    last: u64,
}

/// Numbers, so that it can be told whether they are exactly those up to the last one.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) struct Numbers {
    pub(crate) count: u64,
    pub(crate) sum: u128,
    pub(crate) squares: u128,
}

/// What a receiver has got.
pub(crate) struct Ledger {
    name: String,
    order: Option<Order>,
    /// It was there before anything was sent, so it gets all broadcasts.
    is_first: bool,
    last: u64,
    lanes: Vec<Progress>,
    broadcast_lanes: Vec<Progress>,
    pub(crate) own: Numbers,
    pub(crate) broadcasts: Numbers,
    /// The same for all who were there first.
    pub(crate) digest: u64,
}

impl Numbers {
    /// Those after `start` up to `end`.
    pub(crate) fn between(start: u64, end: u64) -> Self {
        let up_to = |n: u64| {
            let n = u128::from(n);
            (n * (n + 1) / 2, n * (n + 1) * (2 * n + 1) / 6)
        };
        let (low, high) = (up_to(start), up_to(end));
        Self {
            count: end - start,
            sum: high.0 - low.0,
            squares: high.1 - low.1,
        }
    }

    fn add(&mut self, number: u64) {
        let n = u128::from(number);
        self.count += 1;
        self.sum += n;
        self.squares += n * n;
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        }
    }
}

impl Ledger {
    pub(crate) fn new(name: &str, order: Option<Order>, is_first: bool, observed: u64) -> Self {
        Self {
            name: name.to_owned(),
            order,
            is_first,
            last: observed,
            lanes: Vec::new(),
            broadcast_lanes: Vec::new(),
            own: Numbers::default(),
            broadcasts: Numbers::default(),
            digest: 0,
        }
    }

    /// Enters what was received, and checks it.
    pub(crate) fn enter(&mut self, event: Event<Value>) {
        let number = event.seq().get();
        let is_news = number > self.last;
        // Several sources may use one number there.
        let may_be_the_same = self.order == Some(Order::Frontier) && number == self.last;
        if !is_news && !may_be_the_same {
            fail(
                "S4",
                &format!("{}: {number} comes after {}", self.name, self.last),
            );
        }
        self.last = number;
        let Some((_, mut value)) = event.into_message() else {
            return;
        };
        value.defuse();
        if value.is_broadcast() {
            self.broadcasts.add(number);
            self.digest = self.digest.wrapping_add(digest(number, &value));
        } else {
            self.own.add(number);
        }
        self.enter_in_lane(number, &value);
    }

    fn enter_in_lane(&mut self, number: u64, value: &Value) {
        let lanes = match value.is_broadcast() {
            true => &mut self.broadcast_lanes,
            false => &mut self.lanes,
        };
        let lane = (value.lane & !BROADCAST) as usize;
        if lanes.len() <= lane {
            lanes.resize(lane + 1, Progress::default());
        }
        let progress = &mut lanes[lane];
        let joined_late = value.is_broadcast() && !self.is_first && progress.next == 0;
        if value.n != progress.next && !joined_late {
            let (n, next) = (value.n, progress.next);
            fail(
                "S2 and S3",
                &format!("{}: {n} of lane {lane}, not {next}", self.name),
            );
        }
        if value.in_batch > 0 && !joined_late && number != progress.last + 1 {
            let last = progress.last;
            fail(
                "C2",
                &format!("{}: {number} after {last} in a batch", self.name),
            );
        }
        *progress = Progress {
            next: value.n + 1,
            last: number,
        };
    }

    /// How many messages have come.
    pub(crate) fn count(&self) -> u64 {
        self.own.count + self.broadcasts.count
    }

    /// How many messages of a lane have come.
    pub(crate) fn count_of(&self, lane: u32) -> u64 {
        let lanes = match lane & BROADCAST {
            0 => &self.lanes,
            _ => &self.broadcast_lanes,
        };
        lanes
            .get((lane & !BROADCAST) as usize)
            .map_or(0, |it| it.next)
    }
}

/// Differs if any of it does.
fn digest(number: u64, value: &Value) -> u64 {
    let mut z = number ^ (u64::from(value.lane) << 32) ^ value.n.rotate_left(17);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
