//! The models, each run by itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait_timeout::ChildExt;

use crate::scratch::SWITCH;

/// A model, and how long it takes when nothing is weakened.
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) takes: Duration,
}

/// How a model has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    OutOfTime,
}

/// The names of the models in a program, of those that begin with `prefix`.
pub(crate) fn names(program: &Path, prefix: &str) -> Vec<String> {
    let output = Command::new(program)
        .arg("--list")
        .output()
        .expect("the models run");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(|name| name.starts_with(prefix))
        .map(str::to_owned)
        .collect()
}

/// A program of models.
pub(crate) struct Models {
    program: PathBuf,
    /// The quick ones first.
    models: Vec<Model>,
}

impl Models {
    pub(crate) fn new(program: PathBuf, mut models: Vec<Model>) -> Self {
        models.sort_by_key(|model| model.takes);
        Self { program, models }
    }

    /// Runs the models that take no longer than `longest` on a mutant until one fails; all of them if `all`. Returns
    /// which failed, and which did not end in time.
    pub(crate) fn try_on(
        &self,
        mutant: usize,
        longest: Duration,
        all: bool,
    ) -> (Vec<String>, Vec<String>) {
        let mut caught_by = Vec::new();
        let mut out_of_time = Vec::new();
        for model in self.models.iter().filter(|model| model.takes <= longest) {
            // The machine may be busier now than it was.
            let limit = model.takes * 4 + Duration::from_secs(5);
            match run(&self.program, &model.name, Some(mutant), limit) {
                Outcome::Passed => {}
                Outcome::Failed => caught_by.push(model.name.clone()),
                Outcome::OutOfTime => out_of_time.push(model.name.clone()),
            }
            if !all && !caught_by.is_empty() {
                break;
            }
        }
        (caught_by, out_of_time)
    }
}

/// Runs a model as it is; `None` if it takes longer than `limit`.
///
/// # Panics
///
/// If it fails.
pub(crate) fn measure(program: &Path, name: String, limit: Duration) -> Option<Model> {
    let begun = Instant::now();
    match run(program, &name, None, limit) {
        Outcome::Passed => Some(Model {
            name,
            takes: begun.elapsed(),
        }),
        Outcome::Failed => panic!("{name} fails with nothing weakened"),
        Outcome::OutOfTime => None,
    }
}

fn run(program: &Path, model: &str, mutant: Option<usize>, limit: Duration) -> Outcome {
    let mut command = Command::new(program);
    command
        .args(["--exact", model])
        .env_remove(SWITCH)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(number) = mutant {
        command.env(SWITCH, number.to_string());
    }
    let mut child = command.spawn().expect("the models run");
    match child
        .wait_timeout(limit)
        .expect("a model can be waited for")
    {
        Some(status) if status.success() => Outcome::Passed,
        Some(_) => Outcome::Failed,
        None => {
            // It may have ended this moment.
            let _ = child.kill();
            child.wait().expect("a model that was killed ends");
            Outcome::OutOfTime
        }
    }
}
