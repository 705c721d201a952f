//! Interruption by Ctrl-C or a signal: long work stops by itself and reports its state.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the program was interrupted since [`listen`](Self::listen). A second signal ends it at once.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Installs the handlers, on systems with these signals; elsewhere Ctrl-C ends the program as usual.
    pub(super) fn listen() -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // In this order, the first signal only sets the flag. If a handler cannot be installed, the signal ends the
            // program, as it does by default.
            let _ = signal_hook::flag::register_conditional_default(signal, Arc::clone(&asked));
            let _ = signal_hook::flag::register(signal, Arc::clone(&asked));
        }
        Self(asked)
    }

    /// Whether a signal has arrived.
    pub(super) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// While it lives, Ctrl-C does not end this process: it reaches every program on the terminal, and the one that runs
/// there meanwhile, such as an editor or a pager, knows what to do with it.
pub(super) struct Ignored(Arc<AtomicBool>);

impl Ignored {
    /// Ignores the signals of the terminal's keys, on systems with these signals.
    pub(super) fn until_dropped() -> io::Result<Self> {
        let done = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGQUIT] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&done))?;
        }
        Ok(Self(done))
    }
}

impl Drop for Ignored {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
