//! The shipped rules, inside the program, so that the demo needs no set-up.

/// Paths below `rules/` and their texts.
pub(super) const RULES: &[(&str, &str)] = &[
    ("lexicon/alliances.toml", include_str!("../../rules/lexicon/alliances.toml")),
    ("lexicon/countries.toml", include_str!("../../rules/lexicon/countries.toml")),
    ("lexicon/elsewhere.toml", include_str!("../../rules/lexicon/elsewhere.toml")),
    ("lexicon/further-countries.toml", include_str!("../../rules/lexicon/further-countries.toml")),
    ("lexicon/military.toml", include_str!("../../rules/lexicon/military.toml")),
    ("lexicon/missile-defence.toml", include_str!("../../rules/lexicon/missile-defence.toml")),
    ("drones-over-airports.toml", include_str!("../../rules/drones-over-airports.toml")),
    ("infrastructure-cyberattacks.toml", include_str!("../../rules/infrastructure-cyberattacks.toml")),
    ("missile-defence.toml", include_str!("../../rules/missile-defence.toml")),
    ("missile-defence/parts.toml", include_str!("../../rules/missile-defence/parts.toml")),
    ("missile-defence/words.toml", include_str!("../../rules/missile-defence/words.toml")),
    ("north-korea-launches.toml", include_str!("../../rules/north-korea-launches.toml")),
    ("russia-china-military.toml", include_str!("../../rules/russia-china-military.toml")),
    ("sanctions-evasion.toml", include_str!("../../rules/sanctions-evasion.toml")),
    ("seabed-sabotage.toml", include_str!("../../rules/seabed-sabotage.toml")),
    ("shared.toml", include_str!("../../rules/shared.toml")),
];

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("rules can be read") {
            let path = entry.expect("rules can be read").path();
            if path.is_dir() { files_below(&path, found) } else { found.push(path) }
        }
    }

    #[test]
    fn every_shipped_rule_file_is_in_the_demo() {
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let mut files = Vec::new();
        files_below(&rules, &mut files);
        let names =
            files.iter().map(|file| file.strip_prefix(&rules).expect("below rules").to_string_lossy().into_owned());
        let mut missing: Vec<_> = names.filter(|name| RULES.iter().all(|(known, _)| known != name)).collect();
        missing.retain(|name| name.ends_with(".toml"));
        assert!(missing.is_empty(), "add to RULES: {missing:?}");
    }
}
