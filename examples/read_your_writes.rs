//! Clients read their own writes, from a replica that is behind.
//!
//! A store has two shards with the same content, each with an owner: a thread that receives the writes and
//! applies them to a view, which others may read. The `primary` is quick. The `replica` is slow, and is held up at
//! the start. A client changes its entry and then reads it from the replica. What it reads is *stale* if its own
//! change is not in it.
//!
//! A write is a broadcast: both shards get it, with the same number. `send_sequenced` returns that number, and so
//! the client knows what to wait for: `wait_for` returns when the replica has observed the number, whatever else
//! was written meanwhile, and by whom. Then no read is stale.
//!
//! That a receiver has *observed* a number means that its owner was handed the messages up to there, not that it
//! has applied the last of them. Therefore the owner receives while it holds the lock of the view. Who has waited for
//! the number and then takes the lock gets in after that, and finds the write applied.
//!
//! ```text
//! cargo run --release --example read_your_writes
//! ```
//!
//! It checks itself, and exits with 1 if a read was stale after waiting.

use std::convert::Infallible;
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::{Mutex, mpsc};
use std::thread;

use clocked_lanes::{Broadcaster, Dispatcher, Event, Progress, Receiver, Select, TryRecvError};

const CLIENTS: usize = 2;
/// How many writes each client makes in each of the two ways, and how often it reads.
const ROUNDS: u64 = 500;
/// How much work a write is for the replica.
const SLOWNESS: u64 = 1_000_000;

/// A client's entry has a new version.
#[derive(Clone)]
struct Write {
    client: usize,
    version: u64,
}

/// What a shard shows: the version of each client's entry.
type View = [u64; CLIENTS];

/// Applies to the view what is received, until nobody can write any more.
fn own_shard(writes: &Receiver<Write>, view: &Mutex<View>, slowness: u64) {
    let mut select = Select::new();
    select.recv(writes);
    loop {
        // Waits until there is something, and leaves it where it is.
        select.ready();
        // From here on nobody reads. To receive before would be wrong: the number would be observed, and the
        // write not be there.
        let mut view = view.lock().unwrap();
        loop {
            match writes.try_recv() {
                Ok(Event::Message { value, .. }) => {
                    for n in 0..slowness {
                        black_box(n);
                    }
                    view[value.client] = value.version;
                }
                Ok(Event::Clock(_)) => {}
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }
}

struct Client<'a> {
    id: usize,
    shards: Broadcaster<Write>,
    replica: &'a Mutex<View>,
    /// How far the replica has got.
    progress: Progress,
    /// The version written last.
    version: u64,
}

impl Client<'_> {
    /// Writes, and reads the replica, after waiting for it or at once. Returns whether the read was stale.
    fn write_and_read(&mut self, wait: bool) -> bool {
        self.version += 1;
        let write = Write {
            client: self.id,
            version: self.version,
        };
        let seq = self.shards.send_sequenced(write).unwrap();
        if wait {
            let observed = self.progress.wait_for(seq).unwrap();
            assert!(observed >= seq);
        }
        self.replica.lock().unwrap()[self.id] < self.version
    }

    /// Makes all its writes, and returns how many reads were stale without waiting, and with it.
    fn run(mut self, hold: mpsc::Sender<Infallible>) -> [u64; 2] {
        let mut stale = [0, 0];
        // The replica is held up until everybody has dropped `hold`. So this read comes too early.
        stale[0] += u64::from(self.write_and_read(false));
        drop(hold);
        for _ in 1..ROUNDS {
            stale[0] += u64::from(self.write_and_read(false));
        }
        for _ in 0..ROUNDS {
            stale[1] += u64::from(self.write_and_read(true));
        }
        stale
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let dispatcher = Dispatcher::new();
    let shards = dispatcher.broadcaster();
    // Nobody writes to one shard alone: the senders are dropped, and the broadcasters keep the receivers connected.
    let (_, for_primary) = dispatcher.channel("primary")?;
    let (_, for_replica) = dispatcher.channel("replica")?;
    let progress = for_replica.progress();
    let [primary, replica] = &<[Mutex<View>; 2]>::default();
    let (hold, held_up) = mpsc::channel();

    let [at_once, after_waiting] = thread::scope(|scope| {
        scope.spawn(move || own_shard(&for_primary, primary, 0));
        scope.spawn(move || {
            // Fails when the last client lets go of its end.
            let _ = held_up.recv();
            own_shard(&for_replica, replica, SLOWNESS);
        });
        let clients: [_; CLIENTS] = std::array::from_fn(|id| {
            let client = Client {
                id,
                shards: shards.clone(),
                replica,
                progress: progress.clone(),
                version: 0,
            };
            let hold = hold.clone();
            scope.spawn(move || client.run(hold))
        });
        drop((hold, shards));
        clients.into_iter().fold([0, 0], |sum, client| {
            let stale = client.join().unwrap();
            [sum[0] + stale[0], sum[1] + stale[1]]
        })
    });

    let reads = CLIENTS as u64 * ROUNDS;
    let agree = *primary.lock().unwrap() == *replica.lock().unwrap();
    println!("{CLIENTS} clients write, and read their writes from a replica that is slow.");
    println!("At once: {at_once} of {reads} reads were stale.");
    println!(
        "After waiting for the number of the write: {after_waiting} of {reads} reads were stale."
    );
    if agree && at_once >= CLIENTS as u64 && after_waiting == 0 {
        Ok(ExitCode::SUCCESS)
    } else {
        eprintln!("This is not as it should be. (In the end, the shards agree: {agree}.)");
        Ok(ExitCode::FAILURE)
    }
}
