//! A snapshot as text.

use std::fmt::{self, Write as _};

use super::{ReceiverSnapshot, SenderSnapshot, Snapshot};

/// To which side a column is aligned.
#[derive(Clone, Copy)]
enum Align {
    Left,
    Right,
}

/// A column: what it is called, and its cells.
struct Column {
    title: &'static str,
    align: Align,
    cells: Vec<String>,
}

impl Column {
    fn left(title: &'static str, cells: impl Iterator<Item = String>) -> Self {
        Self {
            title,
            align: Align::Left,
            cells: cells.collect(),
        }
    }

    fn right(title: &'static str, cells: impl Iterator<Item = String>) -> Self {
        Self {
            title,
            align: Align::Right,
            cells: cells.collect(),
        }
    }

    /// The cells with the title above them, all of one width.
    fn lines(self) -> impl Iterator<Item = String> {
        let lines = std::iter::once(self.title.to_owned()).chain(self.cells);
        let lines: Vec<String> = lines.collect();
        let width = lines.iter().map(|cell| cell.chars().count()).max();
        let width = width.unwrap_or_default();
        lines.into_iter().map(move |cell| match self.align {
            Align::Left => format!("{cell:<width$}"),
            Align::Right => format!("{cell:>width$}"),
        })
    }
}

/// Writes columns side by side, every line after a line break.
fn write_columns(f: &mut fmt::Formatter<'_>, columns: Vec<Column>) -> fmt::Result {
    let mut columns: Vec<_> = columns.into_iter().map(Column::lines).collect();
    loop {
        let cells: Vec<String> = columns.iter_mut().filter_map(Iterator::next).collect();
        if cells.is_empty() {
            return Ok(());
        }
        write!(f, "\n{}", cells.join("  ").trim_end())?;
    }
}

/// A name on one line, whatever is in it.
fn on_one_line(name: &str) -> String {
    let mut line = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

fn fill(len: usize, capacity: usize) -> String {
    format!("{len}/{capacity}")
}

impl SenderSnapshot {
    /// What it is, and which.
    fn label(&self) -> String {
        let kind = match self.target {
            Some(_) => "sender",
            None => "broadcaster",
        };
        format!("{kind} {}", self.id)
    }

    fn full_targets(&self) -> String {
        let names: Vec<_> = self.blocked_on.iter().map(|n| on_one_line(n)).collect();
        names.join(", ")
    }
}

impl Snapshot {
    fn blocked_by(&self, receiver: &ReceiverSnapshot) -> String {
        let mut text = String::new();
        if receiver.len >= receiver.capacity {
            text.push_str("full");
        }
        for id in &receiver.held_back_by {
            if !text.is_empty() {
                text.push_str(", ");
            }
            match self.sender(*id) {
                Some(sender) => text.push_str(&sender.label()),
                None => write!(text, "{id}").expect("a string takes everything"),
            }
        }
        text
    }

    fn receiver_columns(&self) -> Vec<Column> {
        let all = || self.receivers.iter();
        vec![
            Column::left("RECEIVER", all().map(|r| on_one_line(&r.name))),
            Column::right("CLOCK", all().map(|r| r.clock.to_string())),
            Column::right("OBSERVED", all().map(|r| r.observed.to_string())),
            Column::right("LAG", all().map(|r| r.lag.to_string())),
            Column::right("QUEUE", all().map(|r| fill(r.len, r.capacity))),
            Column::left("BLOCKED BY", all().map(|r| self.blocked_by(r))),
        ]
    }

    fn sender_columns(&self) -> Vec<Column> {
        let all = || self.senders.iter();
        let target = |s: &SenderSnapshot| match &s.target {
            Some(name) => on_one_line(name),
            None => "*".to_owned(),
        };
        let mut columns = vec![
            Column::left("SENDER", all().map(SenderSnapshot::label)),
            Column::left("TO", all().map(target)),
            Column::right("LANE", all().map(|s| fill(s.len, s.capacity))),
        ];
        if self.order.is_some() {
            let frontiers = all().map(|s| s.frontier.to_string());
            columns.push(Column::right("FRONTIER", frontiers));
        }
        if all().any(|s| s.rejected > 0) {
            let rejected = all().map(|s| s.rejected.to_string());
            columns.push(Column::right("REJECTED", rejected));
        }
        let blocked_on = all().map(SenderSnapshot::full_targets);
        columns.push(Column::left("BLOCKED ON", blocked_on));
        columns
    }
}

/// A table of the receivers and one of the senders, below a line with the clock. It has no line break at its end.
///
/// | column | what it is |
/// |---|---|
/// | `CLOCK` | [`ReceiverSnapshot::clock`] |
/// | `OBSERVED` | [`ReceiverSnapshot::observed`] |
/// | `LAG` | [`ReceiverSnapshot::lag`], in numbers |
/// | `QUEUE` | how many messages are in the inbox, and how many it can hold |
/// | `BLOCKED BY` | `full`, and whoever holds the clock back ([`ReceiverSnapshot::held_back_by`]) |
/// | `TO` | the receiver that a sender sends to; `*` for a broadcaster |
/// | `LANE` | how many messages are in the lane, and how many it can hold |
/// | `FRONTIER` | [`SenderSnapshot::frontier`]; in a forwarding dispatch only |
/// | `REJECTED` | [`SenderSnapshot::rejected`]; only if there are any |
/// | `BLOCKED ON` | [`SenderSnapshot::blocked_on`] |
///
/// The text is for people, and may change. Programs read the fields.
///
/// # Examples
///
/// ```
/// use clocked_lanes::{Dispatcher, Order};
///
/// let dispatcher = Dispatcher::<u32>::builder().forwarding(Order::Frontier).build()?;
/// let (quick, rx) = dispatcher.channel("join")?;
/// let slow = dispatcher.sender("join")?;
/// quick.advance(100)?;
/// slow.advance(3)?;
/// while rx.recv()?.seq().get() < 3 {}
/// while dispatcher.clock().seq.get() < 3 {}
/// let table = "\
/// clock 3, dispatched 0
///
/// RECEIVER  CLOCK  OBSERVED  LAG  QUEUE  BLOCKED BY
/// join          3         3    0  0/256  sender 2
///
/// SENDER    TO     LANE  FRONTIER  BLOCKED ON
/// sender 1  join  0/256       100
/// sender 2  join  0/256         3";
/// assert_eq!(dispatcher.snapshot().to_string(), table);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = self.clock;
        writeln!(f, "clock {}, dispatched {}", clock.seq, clock.dispatched)?;
        write_columns(f, self.receiver_columns())?;
        f.write_char('\n')?;
        write_columns(f, self.sender_columns())
    }
}
