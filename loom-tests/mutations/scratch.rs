//! A copy of the crate in which every site has a switch.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use walkdir::WalkDir;

use crate::sites::{self, Site};

/// Names the site that is weakened in a run of the copy.
pub(crate) const SWITCH: &str = "CLOCKED_LANES_MUTANT";

/// What a build of the copy needs. Targets that are not built have to be there all the same.
const PARTS: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "benches",
    "build.rs",
    "examples",
    "loom-tests",
    "src",
    "tests",
];

/// Not the crate's: what stands in for std and crossbeam in a model, and what shows models the primitives.
const LEFT_OUT: [&str; 3] = ["models.rs", "sync.rs", "sync/channel.rs"];

const SWITCHES: &str = r#"
//! The switches of a copy made to be broken.

use std::sync::LazyLock;

static WEAKENED: LazyLock<Option<usize>> = LazyLock::new(|| {
    let number = std::env::var("CLOCKED_LANES_MUTANT").ok()?;
    Some(number.parse().expect("a number"))
});

pub(crate) fn keeps(site: usize) -> bool {
    *WEAKENED != Some(site)
}

pub(crate) fn weakened<O>(site: usize, ordering: O, weaker: O) -> O {
    if keeps(site) { ordering } else { weaker }
}
"#;

/// A site, and where it is.
pub(crate) struct Mutant {
    /// The number by which its switch is named.
    pub(crate) number: usize,
    /// The file, below `src/`.
    pub(crate) file: String,
    pub(crate) site: Site,
}

/// Copies the crate, with switches, and returns what they are for.
pub(crate) fn make(from: &Path, to: &Path) -> Vec<Mutant> {
    fs::create_dir_all(to).expect("a folder for the copy can be made");
    let mut mutants = Vec::new();
    for part in PARTS {
        for entry in WalkDir::new(from.join(part)).sort_by_file_name() {
            let entry = entry.expect("the crate is readable");
            let relative = entry
                .path()
                .strip_prefix(from)
                .expect("a part of the crate");
            let target = to.join(relative);
            if entry.file_type().is_dir() {
                fs::create_dir_all(target).expect("a folder of the copy can be made");
                continue;
            }
            let in_src = relative.strip_prefix("src").ok().and_then(Path::to_str);
            let is_code = in_src.is_some_and(|file| {
                file.ends_with(".rs") && !file.contains("tests") && !LEFT_OUT.contains(&file)
            });
            if !is_code {
                fs::copy(entry.path(), target).expect("a file can be copied");
                continue;
            }
            let source = fs::read_to_string(entry.path()).expect("source is readable");
            let sites = sites::find(&source);
            let mut text = sites::with_switches(&source, &sites, mutants.len());
            if relative == Path::new("src/lib.rs") {
                text.push_str("\nmod mutants;\n");
            }
            write_if_new(&target, &text);
            let file = in_src.unwrap_or_default();
            for site in sites {
                mutants.push(Mutant {
                    number: mutants.len(),
                    file: file.to_owned(),
                    site,
                });
            }
        }
    }
    write_if_new(&to.join("src/mutants.rs"), SWITCHES);
    mutants
}

/// Builds the models of the copy, and returns the program that runs them.
pub(crate) fn build(copy: &Path, rustflags: &str) -> PathBuf {
    let target = copy.join("target").join(rustflags.replace(' ', ""));
    let output = Command::new(env!("CARGO"))
        .args([
            "test",
            "--locked",
            "--release",
            "--test",
            "loom",
            "--no-run",
        ])
        .arg("--message-format=json-render-diagnostics")
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", rustflags)
        .current_dir(copy)
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "the copy does not build");
    // One line is of the program; the others are of libraries, and name none.
    let text = String::from_utf8(output.stdout).expect("cargo prints text");
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the program that it has built")
}

fn write_if_new(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).expect("a file of the copy can be written");
    }
}
