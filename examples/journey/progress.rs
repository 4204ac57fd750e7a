//! A progress bar on standard error, for a person who watches; nothing for a pipe or a file.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(crate) fn new(stage: &'static str, requests: u64) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(requests).with_message(stage);
        // A template that does not parse would leave the default style, which shows the same figures.
        if let Ok(style) = ProgressStyle::with_template(
            "{msg:<14} {wide_bar} {human_pos}/{human_len} requests, {eta} left",
        ) {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    pub(crate) fn show(&self, done: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(done);
        }
    }
}

/// The bar leaves no trace between the rows of the table.
impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
