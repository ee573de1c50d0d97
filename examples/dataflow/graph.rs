//! The graph, and the same in one thread.

use std::collections::HashMap;
use std::error::Error;
use std::io::Read;
use std::process::ExitCode;
use std::thread;

use clocked_lanes::{Broadcaster, Dispatcher, Event, Forwarding, Order, Receiver, Sender};

/// See `examples/data/README.md`.
const SAMPLE: &[u8] = include_bytes!("../data/flights-sample.csv.gz");

/// A flight, as far as it matters here.
#[derive(Clone)]
struct Flight {
    carrier: String,
    destination: String,
    /// In minutes; negative if early.
    delay: i64,
}

/// What an operator tells of a flight: the sum of the delays before it, and of how many flights.
#[derive(Clone, Copy)]
struct Before {
    delays: i64,
    flights: i64,
}

/// On which side of the join it is.
enum Side {
    Carrier(Before),
    Destination(Before),
}

/// What the join makes of it: by how many hundredths of a minute the carrier was later than others to that
/// destination. One for each number where both sides had something to tell.
type Joined = Vec<(u64, i64)>;

pub(crate) fn main() -> ExitCode {
    match run() {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("dataflow: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(SAMPLE).read_to_string(&mut text)?;
    let flights = parse(&text)?;
    let expected = in_one_thread(&flights);
    let joined = in_a_graph(&flights)?;
    if joined != expected {
        let at = joined.iter().zip(&expected).position(|(a, b)| a != b);
        return Err(format!(
            "mismatch: {} joined, {} expected; the first that differs: {at:?}",
            joined.len(),
            expected.len()
        )
        .into());
    }
    Ok(format!(
        "{} flights, {} joined at the same number, as in one thread",
        flights.len(),
        joined.len()
    ))
}

/// All flights that departed, in the order of the rows.
fn parse(text: &str) -> Result<Vec<Flight>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers()?.clone();
    let column = |name: &str| {
        let found = header.iter().position(|column| column == name);
        found.ok_or_else(|| format!("no column {name:?}"))
    };
    let (carrier, destination, delay) = (column("carrier")?, column("dest")?, column("dep_delay")?);
    let mut flights = Vec::new();
    for row in reader.records() {
        let row = row?;
        // A cancelled flight has no delay.
        if let Ok(delay) = row[delay].parse() {
            flights.push(Flight {
                carrier: row[carrier].to_owned(),
                destination: row[destination].to_owned(),
                delay,
            });
        }
    }
    Ok(flights)
}

/// What was known of a key before a flight.
#[derive(Default)]
struct Tally(HashMap<String, Before>);

impl Tally {
    fn add(&mut self, key: &str, delay: i64) -> Option<Before> {
        if let Some(tally) = self.0.get_mut(key) {
            let before = *tally;
            tally.delays += delay;
            tally.flights += 1;
            return Some(before);
        }
        let first = Before {
            delays: delay,
            flights: 1,
        };
        self.0.insert(key.to_owned(), first);
        None
    }
}

fn compare(carrier: Before, destination: Before) -> i64 {
    100 * carrier.delays / carrier.flights - 100 * destination.delays / destination.flights
}

fn in_one_thread(flights: &[Flight]) -> Joined {
    let (mut carriers, mut destinations) = (Tally::default(), Tally::default());
    let mut joined = Vec::new();
    for (flight, number) in flights.iter().zip(1..) {
        let carrier = carriers.add(&flight.carrier, flight.delay);
        let destination = destinations.add(&flight.destination, flight.delay);
        if let (Some(carrier), Some(destination)) = (carrier, destination) {
            joined.push((number, compare(carrier, destination)));
        }
    }
    joined
}

fn in_a_graph(flights: &[Flight]) -> Result<Joined, Box<dyn Error>> {
    thread::scope(|scope| {
        let parsed = Dispatcher::builder().forwarding(Order::Frontier).build()?;
        // First: a receiver without any source comes to its end at once.
        let source = parsed.broadcaster();
        let (_, by_carrier) = parsed.channel("by carrier")?;
        let (_, by_destination) = parsed.channel("by destination")?;
        let operated = Dispatcher::builder().forwarding(Order::Frontier).build()?;
        let (carriers, join) = operated.channel("join")?;
        let destinations = operated.sender("join")?;
        // The threads have the handles; they end one after the other, from the top down.
        scope.spawn(move || read(flights, &source));
        scope.spawn(move || {
            let key = |flight: &Flight| flight.carrier.clone();
            operate(&by_carrier, &carriers, key, Side::Carrier);
        });
        scope.spawn(move || {
            let key = |flight: &Flight| flight.destination.clone();
            operate(&by_destination, &destinations, key, Side::Destination);
        });
        let joining = scope.spawn(move || join_sides(&join));
        Ok(joining.join().map_err(|_| "the join panicked")?)
    })
}

/// Gives each flight its number, and sends it to both operators.
fn read(flights: &[Flight], source: &Broadcaster<Flight, Forwarding>) {
    for (flight, number) in flights.iter().zip(1_u64..) {
        // The operators are there until this ends.
        if source.forward(number, flight.clone()).is_err() {
            return;
        }
    }
}

/// Tells of each flight what was known of its key before, if anything, with the number of the flight.
fn operate(
    flights: &Receiver<Flight>,
    join: &Sender<Side, Forwarding>,
    key: impl Fn(&Flight) -> String,
    side: impl Fn(Before) -> Side,
) {
    let mut tally = Tally::default();
    for event in flights {
        if let Event::Message { seq, value } = event {
            if let Some(before) = tally.add(&key(&value), value.delay) {
                // The join is there until this ends.
                let _ = join.forward(seq, side(before));
            }
        }
        // Up to here nothing more comes out of this operator, whether or not anything has.
        let _ = join.advance(flights.observed());
    }
}

/// Puts together what has the same number.
fn join_sides(sides: &Receiver<Side>) -> Joined {
    let mut joined = Vec::new();
    let (mut at, mut carrier, mut destination) = (0, None, None);
    for event in sides {
        let number = event.seq().get();
        let is_over = match &event {
            // It says that everything with a lower number has come.
            Event::Message { .. } => number > at,
            // It says so of its own number as well.
            Event::Clock(_) => true,
        };
        if is_over {
            if let (Some(carrier), Some(destination)) = (carrier.take(), destination.take()) {
                joined.push((at, compare(carrier, destination)));
            }
            at = number;
        }
        match event.into_message() {
            Some((_, Side::Carrier(before))) => carrier = Some(before),
            Some((_, Side::Destination(before))) => destination = Some(before),
            None => {}
        }
    }
    joined
}
