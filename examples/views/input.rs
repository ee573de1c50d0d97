//! Where the flights come from.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use csv::StringRecord;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use crate::flight::{Code, Flight, Route};

/// See `examples/data/README.md`.
const SAMPLE: &[u8] = include_bytes!("../data/flights-sample.csv.gz");
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The columns that count here.
const COLUMNS: [&str; 5] = ["dep_time", "dep_delay", "carrier", "origin", "dest"];

/// What a row has in these columns.
#[derive(Deserialize)]
struct Row<'r> {
    dep_time: &'r str,
    dep_delay: &'r str,
    carrier: &'r str,
    origin: &'r str,
    dest: &'r str,
}

/// A row that is left out.
pub(crate) struct Malformed {
    pub(crate) line: u64,
    pub(crate) reason: String,
}

/// Reads a file, or standard input if the path is `-`, or else the sample. Unpacks gzip.
pub(crate) fn read(path: Option<&Path>) -> io::Result<Vec<u8>> {
    let mut source: Box<dyn Read> = match path {
        None => Box::new(SAMPLE),
        Some(path) if path == "-" => Box::new(io::stdin()),
        Some(path) => Box::new(File::open(path)?),
    };
    let mut input = Vec::new();
    source.read_to_end(&mut input)?;
    if !input.starts_with(&GZIP_MAGIC) {
        return Ok(input);
    }
    let mut text = Vec::new();
    MultiGzDecoder::new(input.as_slice()).read_to_end(&mut text)?;
    Ok(text)
}

/// Finds all flights in the text of a file, and tells of each row that is none.
pub(crate) fn parse(
    text: &[u8],
    mut malformed: impl FnMut(Malformed),
) -> Result<Vec<Flight>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers()?.clone();
    let is_missing = |column: &&str| !header.iter().any(|name| name == *column);
    if header.is_empty() {
        return Err("the input is empty".into());
    }
    if let Some(column) = COLUMNS.into_iter().find(is_missing) {
        return Err(format!("the header has no column {column}").into());
    }

    let mut record = StringRecord::new();
    let mut flights = Vec::new();
    let mut rows = 0_u64;
    loop {
        let position = reader.position().clone();
        let flight = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => flight(&record, &header),
            Err(error) => Err(reason(&error)),
        };
        rows += 1;
        match flight {
            Ok(flight) => flights.push(flight),
            Err(reason) => malformed(Malformed {
                line: line_of_row(text, &position),
                reason,
            }),
        }
    }
    if rows == 0 {
        return Err("there is no row below the header".into());
    }
    if flights.is_empty() {
        return Err(format!("all rows, {rows} of them, are malformed").into());
    }
    Ok(flights)
}

/// The line on which a row starts, given where the one before it ended. In between there may be the second
/// half of a line break, and empty lines.
fn line_of_row(text: &[u8], end: &csv::Position) -> u64 {
    let rest = text.get(end.byte() as usize..).unwrap_or_default();
    let breaks = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    end.line() + breaks.filter(|b| **b == b'\n').count() as u64
}

fn flight(record: &StringRecord, header: &StringRecord) -> Result<Flight, String> {
    let row: Row<'_> = record
        .deserialize(Some(header))
        .map_err(|error| reason(&error))?;
    Flight::try_from(row)
}

impl TryFrom<Row<'_>> for Flight {
    type Error = String;

    fn try_from(row: Row<'_>) -> Result<Self, String> {
        let time: Option<u16> = number("dep_time", row.dep_time)?;
        let delay: Option<i32> = number("dep_delay", row.dep_delay)?;
        if time.is_some() != delay.is_some() {
            return Err("of dep_time and dep_delay only one is recorded".to_owned());
        }
        Ok(Self {
            carrier: code("carrier", row.carrier)?,
            route: Route {
                origin: code("origin", row.origin)?,
                destination: code("dest", row.dest)?,
            },
            delay,
        })
    }
}

/// The text of a field, `None` if it says that nothing was recorded.
fn recorded(text: &str) -> Option<&str> {
    (!matches!(text, "" | "NA")).then_some(text)
}

fn number<N: std::str::FromStr>(column: &str, text: &str) -> Result<Option<N>, String> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| format!("{column} is no number: {text:?}"))
    };
    recorded(text).map(parse).transpose()
}

fn code(column: &str, text: &str) -> Result<Code, String> {
    let text = recorded(text).ok_or_else(|| format!("{column} is empty"))?;
    Code::new(text).ok_or_else(|| format!("{column} is no code of at most 4 characters: {text:?}"))
}

/// What is wrong with a row, without where it is.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} fields, where the header has {expected_len}"),
        csv::ErrorKind::Utf8 { err, .. } => err.to_string(),
        _ => error.to_string(),
    }
}
