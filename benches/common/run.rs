//! A run: the threads that send to each other, and what they take.

use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::peer::{Sink, Source};
use super::tally::{self, Tally};
use super::workload::{Outcome, Workload};

/// How long it is quiet before a run starts. What it took to set up is forgotten by then, so that the runs
/// with a crowd start from where those without one do.
const REST: Duration = Duration::from_millis(20);
/// A run that takes longer hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// How long threads may take to end once nothing holds them back any more.
const GRACE: Duration = Duration::from_secs(10);

/// Who has a thread in a run.
pub(crate) struct Wiring<A, B> {
    /// Each with its place among the senders to its receiver.
    pub(crate) sources: Vec<(usize, A)>,
    /// Each with the number of its senders.
    pub(crate) sinks: Vec<(B, usize)>,
}

impl<A, B> Default for Wiring<A, B> {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            sinks: Vec::new(),
        }
    }
}

/// What a thread notes: when it was past the barrier, and when it had got its last message.
#[derive(Clone, Copy)]
pub(crate) struct Lap {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

/// The laps of all threads, as they come in.
pub(crate) struct Laps {
    reports: mpsc::Receiver<Lap>,
    missing: usize,
    start: Option<Instant>,
    end: Option<Instant>,
}

impl Laps {
    pub(crate) fn new(reports: mpsc::Receiver<Lap>, threads: usize) -> Self {
        Self {
            reports,
            missing: threads,
            start: None,
            end: None,
        }
    }

    /// Waits until every thread has ended. Returns whether they have before the time is up.
    pub(crate) fn wait(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.missing > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.reports.recv_timeout(left) {
                Ok(lap) => {
                    self.missing -= 1;
                    self.start = self.start.into_iter().chain([lap.start]).min();
                    self.end = self.end.max(Some(lap.end));
                }
                Err(RecvTimeoutError::Timeout) => return false,
                // The others have panicked, which is found out when they are joined.
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        true
    }

    /// From the first start to the last end.
    pub(crate) fn elapsed(&self) -> Duration {
        let span = self.end.zip(self.start);
        span.map_or(Duration::ZERO, |(end, start)| end - start)
    }
}

/// Has the work done. The crowd is let go when it is.
pub(crate) fn run<A: Source, B: Sink>(
    wiring: Wiring<A, B>,
    crowd: impl Send + 'static,
    workload: &Workload,
) -> Outcome {
    thread::sleep(REST);
    let Wiring { sources, sinks } = wiring;
    let barrier = Arc::new(Barrier::new(sources.len() + sinks.len()));
    let (report, reports) = mpsc::channel();
    let mut threads = Vec::new();
    let mut shown = Vec::new();
    let messages = workload.messages;
    for (place, source) in sources {
        let (go, tell) = (Arc::clone(&barrier), report.clone());
        let work = move || send(source, place, messages, &go, &tell);
        threads.push(spawn("sender", work));
    }
    for (sink, senders) in sinks {
        let tally = Tally::new(senders, messages);
        shown.push(tally.shown());
        let (go, tell) = (Arc::clone(&barrier), report.clone());
        threads.push(spawn("receiver", move || receive(sink, tally, &go, &tell)));
    }
    drop(report);

    let outcome = |elapsed| Outcome {
        received: shown.iter().map(|shown| shown.received()).sum(),
        elapsed,
    };
    let mut laps = Laps::new(reports, threads.len());
    if laps.wait(workload.limit.unwrap_or(LIMIT)) {
        threads.into_iter().for_each(join);
        drop(crowd);
        return outcome(laps.elapsed());
    }
    let outcome = outcome(workload.limit.expect("it hangs, and is not known to"));
    // The crowd goes, and the stall with it, if it was that. If it was not, or if the peer hangs in a
    // destructor, the threads are left to themselves; they end with the process.
    let parting = spawn("parting", move || drop(crowd));
    if laps.wait(GRACE) {
        threads.into_iter().for_each(join);
        join(parting);
    }
    outcome
}

fn send(
    mut source: impl Source,
    place: usize,
    messages: u64,
    go: &Barrier,
    tell: &mpsc::Sender<Lap>,
) {
    let first = tally::first(place);
    go.wait();
    let start = Instant::now();
    for value in first..first + messages {
        assert!(source.send(value), "the receiver is gone");
    }
    drop(source);
    // The end is the receiver's to tell. That nobody listens any more is no harm.
    let _ = tell.send(Lap { start, end: start });
}

fn receive(mut sink: impl Sink, mut tally: Tally, go: &Barrier, tell: &mpsc::Sender<Lap>) {
    go.wait();
    let start = Instant::now();
    sink.receive(&mut tally);
    let end = Instant::now();
    assert!(sink.recv().is_none(), "more messages came than were sent");
    drop(sink);
    let _ = tell.send(Lap { start, end });
}

/// Starts a thread, with a name to know it by in a profile.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(work).expect("a thread can be started")
}

/// Joins a thread that has ended, and passes its panic on.
pub(crate) fn join(thread: JoinHandle<()>) {
    if let Err(payload) = thread.join() {
        resume_unwind(payload);
    }
}
