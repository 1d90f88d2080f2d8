//! Failures, and the one place that words them.

use std::error::Error;
use std::fmt::Write;
use std::io;

use prairie_engine::{EngineError, causes};

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads stdout any more. Not a failure.
    BrokenPipe,
    /// A verb of the engine failed.
    Engine(EngineError),
    /// Anything else, with what helps.
    Other {
        /// The operation and its causes, outermost first.
        chain: Vec<String>,
        /// A command or a setting that helps.
        hint: Option<String>,
    },
}

impl Failure {
    /// A failure with a message of its own.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Other { chain: vec![message.into()], hint: None }
    }

    /// Adds what helps.
    pub(crate) fn hint(self, text: impl Into<String>) -> Self {
        match self {
            Self::Other { chain, .. } => Self::Other { chain, hint: Some(text.into()) },
            other => other,
        }
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Engine(error) if error.is_refusal() => 1,
            Self::Engine(_) | Self::Other { .. } => 2,
        }
    }

    /// The text for stderr.
    pub(crate) fn render(&self) -> String {
        let (chain, hint) = match self {
            Self::BrokenPipe => return String::new(),
            Self::Engine(error) => (causes(error), error.hint()),
            Self::Other { chain, hint } => (chain.clone(), hint.clone()),
        };
        let mut text = String::new();
        for (at, message) in chain.iter().enumerate() {
            let line = if at == 0 {
                let mut letters = message.chars();
                let first: String = letters.next().map(char::to_uppercase).into_iter().flatten().collect();
                format!("error: {first}{}", letters.as_str())
            } else {
                format!("\n  Caused by: {message}")
            };
            text.push_str(&line);
        }
        if let Some(hint) = hint {
            // OK because writing to a String does not fail.
            write!(text, "\n\nhint: {hint}").expect("a String takes everything");
        }
        text
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let mut at: Option<&dyn Error> = Some(&error);
        while let Some(cause) = at {
            if cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe) {
                return Self::BrokenPipe;
            }
            at = cause.source();
        }
        Self::Engine(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        Self::Other { chain: vec!["failed to write the output".to_owned(), error.to_string()], hint: None }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        if error.io_error_kind() == Some(io::ErrorKind::BrokenPipe) {
            return Self::BrokenPipe;
        }
        Self::Other { chain: vec!["failed to write JSON".to_owned(), error.to_string()], hint: None }
    }
}
