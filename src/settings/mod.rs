//! Reading TOML written by people: every mistake reported at once, with file, line, column and a hint.
