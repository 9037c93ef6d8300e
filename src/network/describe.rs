//! The cause of a network error, in one line.

use std::error::Error;

/// The messages of an error and its sources, outermost first, without repetition; at most 300 characters. reqwest says
/// “error sending request for url (…)” and keeps the reason in its sources: that first line is left out where there is a
/// reason.
#[must_use]
pub fn describe(error: &(dyn Error + 'static)) -> String {
    let mut messages: Vec<String> = Vec::new();
    for error in causes(error) {
        let message = error.to_string();
        if messages.last().is_some_and(|last| last.contains(&message)) {
            // Said already.
        } else {
            if messages.last().is_some_and(|last| message.contains(last.as_str())) {
                messages.pop();
            }
            messages.push(message);
        }
    }
    let is_wrapper = |text: &str| {
        ["error sending request", "client error (", "request or response body", "error trying to connect"]
            .iter()
            .any(|known| text.starts_with(known))
    };
    while messages.len() > 1 && is_wrapper(&messages[0]) {
        messages.remove(0);
    }
    messages.join(": ").chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

/// Looks for an error of type `E` among an error and its sources.
#[must_use]
pub fn find_cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|error| error.downcast_ref::<E>())
}

/// An error and its sources, outermost first. An [`std::io::Error`] made from another error names as its source that
/// one's source, and leaves the error itself out; here it comes first.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => (*error).source(),
        }
    })
    .take(LONGEST_CHAIN)
}

/// A chain is a handful long; the limit is for one that bites its tail.
const LONGEST_CHAIN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn the_reason_is_said_once_and_wrappers_not_at_all() {
        let error = Layer("tcp connect error", Some(Box::new(Layer("connection refused (os error 111)", None))));
        let error = Layer("client error (Connect)", Some(Box::new(error)));
        let error = Layer("error sending request for url (http://a/)", Some(Box::new(error)));
        assert_eq!(describe(&error), "tcp connect error: connection refused (os error 111)");
        assert_eq!(describe(&Layer("error sending request", None)), "error sending request");
        let error = Layer("reset by peer", Some(Box::new(Layer("reset by peer", None))));
        assert_eq!(describe(&error), "reset by peer");
    }

    #[test]
    fn a_cause_is_found_inside_an_io_error() {
        let error = std::io::Error::other(Layer("inner", None));
        assert_eq!(find_cause::<Layer>(&error).map(|layer| layer.0), Some("inner"));
    }
}
