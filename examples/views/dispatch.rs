//! The threads: feeders that send flights, views that tally them, and one that asks for cuts.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use clocked_lanes::{Dispatcher, Receiver, SendError, Sender, Seq};
use indicatif::ProgressBar;

use crate::flight::{Code, Flight, Sharding};
use crate::tally::{Tallies, Tally};

/// How many cuts may be due before the feeders wait for the markers to be sent: few, so that the cuts
/// are spread over the run however the threads are scheduled.
const CUTS_DUE: usize = 1;

/// What the views receive.
#[derive(Clone)]
enum Message {
    Flight { row: usize, flight: Flight },
    Marker,
}

/// Where a view stood when it met a marker.
pub(crate) struct Report {
    pub(crate) view: usize,
    /// The number of the marker.
    pub(crate) marker: Seq,
    pub(crate) totals: Tally,
}

/// What a view has when everything is over.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) tallies: Tallies,
    /// The number of each flight received, and its row in the input.
    pub(crate) received: Vec<(Seq, usize)>,
}

/// All there is to know after a run.
pub(crate) struct Run {
    pub(crate) views: Vec<View>,
    pub(crate) reports: Vec<Report>,
    /// From the start of the feeders to the end of the views.
    pub(crate) elapsed: Duration,
}

/// Sends all flights through a dispatcher to views, with a cut after every `every` flights sent and one
/// after the last.
pub(crate) fn run(
    flights: &[Flight],
    sharding: Sharding,
    every: usize,
    bar: &ProgressBar,
) -> Result<Run, Box<dyn Error>> {
    let airports = rows_by_origin(flights);
    let sent = AtomicUsize::new(0);
    // Senders and receivers are made within the scope: if it is left early, they are dropped, and so the
    // threads that the scope then waits for come to an end.
    thread::scope(|scope| {
        let dispatcher = Dispatcher::builder().build()?;
        let (report, reports) = mpsc::channel();
        let mut lanes = Vec::new();
        let mut views = Vec::new();
        for view in 0..sharding.views {
            let name = format!("view {view}");
            let (lane, receiver) = dispatcher.channel(name.as_str())?;
            let report = report.clone();
            views.push(spawn(scope, name, move || {
                keep_view(view, &receiver, &report)
            })?);
            lanes.push(lane);
        }
        drop(report);

        let start = Instant::now();
        let everybody = dispatcher.broadcaster();
        let (cut_due, cuts_due) = mpsc::sync_channel(CUTS_DUE);
        let marking = spawn(scope, "markers".to_owned(), move || {
            cuts_due
                .iter()
                .try_for_each(|()| everybody.send(Message::Marker))
        })?;
        let mut feeders = Vec::new();
        for (origin, rows) in airports {
            let feeder = Feeder {
                flights,
                rows,
                sharding,
                lanes: lanes.clone(),
                every,
                sent: &sent,
                cut_due: cut_due.clone(),
            };
            feeders.push(spawn(scope, format!("feeder {origin}"), || feeder.run())?);
        }
        // A view ends when nobody is left who could send to it.
        drop((lanes, cut_due));

        let reports = reports
            .iter()
            .inspect(|r| bar.set_position(r.marker.get()))
            .collect();
        let views = views.into_iter().map(join).collect::<Result<_, _>>()?;
        let elapsed = start.elapsed();
        for feeder in feeders {
            join(feeder)??;
        }
        join(marking)??;
        Ok(Run {
            views,
            reports,
            elapsed,
        })
    })
}

/// The rows of each airport, in order.
fn rows_by_origin(flights: &[Flight]) -> BTreeMap<Code, Vec<usize>> {
    let mut airports = BTreeMap::<_, Vec<_>>::new();
    for (row, flight) in flights.iter().enumerate() {
        airports.entry(flight.route.origin).or_default().push(row);
    }
    airports
}

/// Sends the flights of one airport.
struct Feeder<'a> {
    flights: &'a [Flight],
    rows: Vec<usize>,
    sharding: Sharding,
    /// One for each view.
    lanes: Vec<Sender<Message>>,
    every: usize,
    /// How many flights all feeders have sent.
    sent: &'a AtomicUsize,
    cut_due: mpsc::SyncSender<()>,
}

impl Feeder<'_> {
    fn run(self) -> Result<(), SendError<Message>> {
        for row in self.rows {
            let flight = self.flights[row];
            let view = self.sharding.view_of(&flight);
            self.lanes[view].send(Message::Flight { row, flight })?;
            // Each count is one feeder's, so there is one cut for it; where the cut falls need not be exact.
            let sent = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
            if sent % self.every == 0 || sent == self.flights.len() {
                // If the other end is gone, its thread has failed and says why.
                let _ = self.cut_due.send(());
            }
        }
        Ok(())
    }
}

/// Tallies what is received, and reports the totals at each marker.
fn keep_view(number: usize, receiver: &Receiver<Message>, report: &mpsc::Sender<Report>) -> View {
    let mut view = View::default();
    while let Ok((seq, message)) = receiver.recv_message() {
        match message {
            Message::Flight { row, flight } => {
                view.tallies.add(&flight);
                view.received.push((seq, row));
            }
            Message::Marker => {
                let report_of_cut = Report {
                    view: number,
                    marker: seq,
                    totals: view.tallies.totals,
                };
                // Nobody listens any more only if the run is given up.
                let _ = report.send(report_of_cut);
            }
        }
    }
    view
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: String,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    thread::Builder::new().name(name).spawn_scoped(scope, work)
}

fn join<T>(thread: ScopedJoinHandle<'_, T>) -> Result<T, String> {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    thread
        .join()
        .map_err(|_| format!("the thread {name:?} panicked"))
}
