//! What the threads of this process are doing.

use std::fs;
use std::process::{self, Command};

/// Every thread, by name, and what it waits for in the kernel; and its stack, if there is a debugger to ask.
pub(super) fn threads() -> String {
    if cfg!(miri) {
        return "Miri knows".to_owned();
    }
    let mut threads = String::new();
    for task in fs::read_dir("/proc/self/task").into_iter().flatten() {
        let Ok(task) = task else { continue };
        let read = |file| fs::read_to_string(task.path().join(file)).unwrap_or_default();
        let (name, waits_for) = (read("comm"), read("wchan"));
        threads += &format!("{:24} {}\n", name.trim_end(), waits_for.trim_end());
    }
    threads + &stacks()
}

/// The stacks, as `gdb` sees them, down to where the standard library has started the thread.
fn stacks() -> String {
    // It has been seen to hang itself.
    let mut gdb = Command::new("timeout");
    gdb.args(["--kill-after=5", "60", "gdb", "--batch", "-nx"]);
    gdb.args(["-ex", "thread apply all backtrace 32"]);
    gdb.args(["-p", &process::id().to_string()]);
    let Ok(output) = gdb.output() else {
        return "For stacks, install gdb and timeout.\n".to_owned();
    };
    let mut stacks = String::new();
    let mut is_of_interest = false;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if line.starts_with("Thread ") {
            is_of_interest = true;
        } else if !line.starts_with('#') {
            continue;
        } else if line.contains("__rust_begin_short_backtrace") {
            is_of_interest = false;
        }
        if is_of_interest {
            stacks.extend(line.chars().take(160));
            stacks.push('\n');
        }
    }
    if stacks.is_empty() {
        // It may not be allowed to.
        return format!("No stacks: {}\n", String::from_utf8_lossy(&output.stderr));
    }
    stacks
}
