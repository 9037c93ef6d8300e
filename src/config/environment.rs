//! What the configuration takes from the process's surroundings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::Secret;

/// Environment variables and systemd's credentials, passed in so that tests can make them up.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The variables whose names begin with `VEDETTA_`. Any may hold a secret, so none is printed.
    pub variables: BTreeMap<String, Secret>,
    /// `$CREDENTIALS_DIRECTORY`.
    pub credentials: Option<PathBuf>,
}

impl Environment {
    /// The process's own. Values that are not UTF-8 are left out.
    #[must_use]
    pub fn from_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("VEDETTA_"))
            .map(|(name, value)| (name, Secret::new(value)))
            .collect();
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|path| !path.is_empty()).map(PathBuf::from);
        Self { variables, credentials }
    }

    /// The secret of a channel: `VEDETTA_<CHANNEL>_<KIND>`; empty values count as absent.
    pub(super) fn secret(&self, channel: &str, kind: &str) -> Option<&Secret> {
        self.variables.get(&variable_name(channel, kind)).filter(|secret| !secret.expose().trim().is_empty())
    }
}

/// `desk-1`, `password` → `VEDETTA_DESK_1_PASSWORD`.
pub(super) fn variable_name(channel: &str, kind: &str) -> String {
    let name: String =
        channel.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("VEDETTA_{name}_{}", kind.to_ascii_uppercase())
}
