//! A workload: pairs of threads that send to each other, and the run that measures them.

use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::peer::{Peer, Sink, Source};
use super::tally::Tally;

/// How long it is quiet before a run starts. What it took to set up is forgotten by then, so that the runs
/// with a crowd start from where those without one do.
const REST: Duration = Duration::from_millis(20);
/// A run that takes longer hangs.
pub(super) const LIMIT: Duration = Duration::from_secs(60);
/// How long threads may take to end once nothing holds them back any more.
const GRACE: Duration = Duration::from_secs(10);

/// Who else is there, besides the pairs that are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beside {
    /// Nobody.
    Nobody,
    /// So many further channels, alive and unused.
    Idle(usize),
    /// One further channel, full to the brim: its sender is blocked, its receiver does not receive.
    Stalled,
}

/// What is to be done in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    /// How many pairs there are of a sending thread and a receiving thread.
    pub(crate) pairs: usize,
    /// How many messages each pair has to pass.
    pub(crate) messages: u64,
    /// Who else is there.
    pub(crate) beside: Beside,
    /// For those that are known to hang: after what time to give up.
    pub(crate) limit: Option<Duration>,
}

/// What came of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// How many messages were received.
    pub(crate) received: u64,
    /// How long that took; if the run was given up, its time limit.
    pub(crate) elapsed: Duration,
}

impl Beside {
    /// How many channels there are besides the pairs.
    fn channels(self) -> usize {
        match self {
            Self::Nobody => 0,
            Self::Idle(count) => count,
            Self::Stalled => 1,
        }
    }
}

impl Workload {
    /// How many messages all pairs have to pass together.
    pub(crate) fn total(&self) -> u64 {
        self.messages * self.pairs as u64
    }
}

/// What a thread notes: when it was past the barrier, and when it had got its last message.
#[derive(Clone, Copy)]
pub(super) struct Lap {
    pub(super) start: Instant,
    pub(super) end: Instant,
}

/// The laps of all threads, as they come in.
pub(super) struct Laps {
    reports: mpsc::Receiver<Lap>,
    missing: usize,
    start: Option<Instant>,
    end: Option<Instant>,
}

impl Laps {
    pub(super) fn new(reports: mpsc::Receiver<Lap>, threads: usize) -> Self {
        Self {
            reports,
            missing: threads,
            start: None,
            end: None,
        }
    }

    /// Waits until every thread has ended. Returns whether they have before the time is up.
    pub(super) fn wait(&mut self, limit: Duration) -> bool {
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
    pub(super) fn elapsed(&self) -> Duration {
        let span = self.end.zip(self.start);
        span.map_or(Duration::ZERO, |(end, start)| end - start)
    }
}

/// Has a peer do the work.
pub(super) fn run<P: Peer + ?Sized>(peer: &P, workload: &Workload) -> Outcome {
    let mut pairs = peer.channels(workload.pairs + workload.beside.channels());
    let crowd = Crowd::new(workload.beside, pairs.split_off(workload.pairs));
    thread::sleep(REST);

    let barrier = Arc::new(Barrier::new(2 * workload.pairs));
    let (report, reports) = mpsc::channel();
    let mut threads = Vec::new();
    let mut tallies = Vec::new();
    for (source, sink) in pairs {
        let tally = Arc::new(Tally::new(workload.messages));
        tallies.push(Arc::clone(&tally));
        let messages = workload.messages;
        let (go, tell) = (Arc::clone(&barrier), report.clone());
        threads.push(spawn("sender", move || send(source, messages, &go, &tell)));
        let (go, tell) = (Arc::clone(&barrier), report.clone());
        threads.push(spawn("receiver", move || receive(sink, &tally, &go, &tell)));
    }
    drop(report);

    let outcome = |elapsed| Outcome {
        received: tallies.iter().map(|tally| tally.received()).sum(),
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

fn send(source: impl Source, messages: u64, go: &Barrier, tell: &mpsc::Sender<Lap>) {
    go.wait();
    let start = Instant::now();
    for value in 0..messages {
        assert!(source.send(value), "the receiver is gone");
    }
    drop(source);
    // The end is the receiver's to tell. That nobody listens any more is no harm.
    let _ = tell.send(Lap { start, end: start });
}

fn receive(sink: impl Sink, tally: &Tally, go: &Barrier, tell: &mpsc::Sender<Lap>) {
    go.wait();
    let start = Instant::now();
    sink.receive(tally);
    let end = Instant::now();
    assert!(sink.is_over(), "more messages came than were sent");
    drop(sink);
    let _ = tell.send(Lap { start, end });
}

/// Starts a thread, with a name to know it by in a profile.
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(work).expect("a thread can be started")
}

/// Joins a thread that has ended, and passes its panic on.
pub(super) fn join(thread: JoinHandle<()>) {
    if let Err(payload) = thread.join() {
        resume_unwind(payload);
    }
}
