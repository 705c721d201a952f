//! Colours, by what they mean.

use anstyle::{AnsiColor, Style};

/// What a value means to the person who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// As it should be, or open to all: green.
    Good,
    /// To be seen first: yellow.
    Attention,
    /// Wrong: red.
    Bad,
    /// Of less interest than what is beside it: dim.
    Quiet,
}

impl Signal {
    /// The style that shows it.
    #[must_use]
    pub const fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Attention => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Quiet => Style::new().dimmed(),
        }
    }
}

/// The text in a style; without one, as it is.
#[must_use]
pub fn styled(text: &str, style: Style) -> String {
    if text.is_empty() || style.is_plain() { text.to_owned() } else { format!("{style}{text}{style:#}") }
}
