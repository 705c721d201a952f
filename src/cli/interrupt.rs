//! Being asked to stop, by Ctrl-C or a signal: long work ends itself and says how it stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the program was asked to stop since it began to listen. Whoever asks a second time ends it at once.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on, where the system has such signals; elsewhere Ctrl-C ends the program as ever.
    pub(super) fn listen() -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // In this order, the first request only leaves its mark. Where a handler cannot be set, the signal ends the
            // program as it does without.
            let _ = signal_hook::flag::register_conditional_default(signal, Arc::clone(&asked));
            let _ = signal_hook::flag::register(signal, Arc::clone(&asked));
        }
        Self(asked)
    }

    /// Whether it was asked to stop.
    pub(super) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
