//! A promise that was broken.

use std::process;
use std::sync::Mutex;

/// What is going on, so that it can be done again.
static SCENE: Mutex<String> = Mutex::new(String::new());

/// Notes what is going on from now on.
pub(crate) fn set_scene(scene: String) {
    if let Ok(mut place) = SCENE.lock() {
        *place = scene;
    }
}

/// Ends the process, and says what was broken and where.
pub(crate) fn fail(promise: &str, what: &str) -> ! {
    // Held for good: the first one to fail tells.
    let scene = SCENE.lock();
    let scene = scene.as_deref().map_or("", String::as_str);
    eprintln!("\n{promise} is broken: {what}\n{scene}");
    process::exit(1);
}
