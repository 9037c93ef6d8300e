//! “Did you mean …?”

/// The candidate nearest to what was written, if one is near enough to be what was meant: at most a third of the letters
/// differ (Damerau–Levenshtein distance, case left aside), or one is the beginning of the other.
#[must_use]
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance takes time and memory in proportion to the product of the lengths; names are short.
    const LONGEST: usize = 100;
    let length = written.chars().count();
    if length > LONGEST {
        return None;
    }
    let folded = written.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count() <= LONGEST)
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&folded, &other);
            let longer = length.max(other.chars().count());
            let near = distance <= (longer / 3).max(1) && distance < longer;
            let begins =
                length >= 3 && (other.starts_with(&folded) || (other.len() >= 3 && folded.starts_with(&other)));
            (near || begins).then_some((distance, candidate))
        })
        .min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        let known = ["interval", "schedule", "timezone", "url", "россия", "中国"];
        assert_eq!(nearest("intervall", known), Some("interval"));
        assert_eq!(nearest("Schedule", known), Some("schedule"));
        assert_eq!(nearest("time_zone", known), Some("timezone"));
        assert_eq!(nearest("росия", known), Some("россия"));
        assert_eq!(nearest("ulr", known), Some("url"));
    }

    #[test]
    fn nothing_near_means_no_suggestion() {
        assert_eq!(nearest("colour", ["interval", "url", "to"]), None);
        assert_eq!(nearest("a", ["b", "c"]), None);
        assert_eq!(nearest(&"x".repeat(100_000), ["x"]), None);
    }
}
