//! Codes of what can be wrong with rules. They are stable: a code keeps its meaning for good.

/// Declares the codes together with the table of all of them.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*

        /// All of them, in order.
        pub const ALL: &[&str] = &[$($code),*];
    };
}

codes! {
    /// A query or term with nothing in it.
    EMPTY_QUERY = "E101";
    /// `""`, or a phrase without a word in it.
    EMPTY_PHRASE = "E102";
    /// `()`.
    EMPTY_PARENTHESES = "E103";
    /// A quote that is not closed on its line.
    UNCLOSED_QUOTE = "E104";
    /// A parenthesis that is not closed.
    UNCLOSED_PARENTHESIS = "E105";
    /// A closing parenthesis too many.
    UNOPENED_PARENTHESIS = "E106";
    /// A regular expression that is not closed on its line.
    UNCLOSED_REGEX = "E107";
    /// AND and OR at one level.
    MIXED_OPERATORS = "E108";
    /// Two terms side by side.
    MISSING_OPERATOR = "E109";
    /// `and`, `or`, `not`, `near/5` in lower case.
    LOWER_CASE_OPERATOR = "E110";
    /// Curly quotes, guillemets and other quotes than `"`.
    WRONG_QUOTES = "E111";
    /// Full-width punctuation and invisible characters.
    WRONG_CHARACTER = "E112";
    /// An operator of another product.
    FOREIGN_OPERATOR = "E113";
    /// A proximity operator without a usable number.
    BAD_DISTANCE = "E114";
    /// `(i?)` or `(?i)`.
    CASE_FLAG = "E115";
    /// A wildcard without a letter.
    BARE_WILDCARD = "E116";
    /// An operator with nothing on one side.
    MISSING_OPERAND = "E117";
    /// NOT with nothing before it to take away from.
    LONE_NOT = "E118";
    /// NOT where it can't stand: `a NOT b`, `a OR NOT b`, `NOT NOT`.
    MISPLACED_NOT = "E119";
    /// `foo:` where no such field exists.
    UNKNOWN_FIELD = "E120";
    /// A field prefix without an operand, or inside another.
    BAD_SCOPE = "E121";
    /// ATLEAST without number or parentheses.
    BAD_ATLEAST = "E122";
    /// OF without number or list, and commas outside one.
    BAD_OF = "E123";
    /// Proximity or counting over something that has no place in the text.
    NO_POSITION = "E124";
    /// Different proximity operators in a row.
    MIXED_PROXIMITY = "E125";
    /// `=` and `~` where they can't stand.
    BAD_MODIFIER = "E126";
    /// A regular expression that can't be read or is too large.
    BAD_REGEX = "E127";
    /// A regular expression that fits the empty text.
    EMPTY_REGEX = "E128";
    /// Nested too deeply.
    TOO_DEEP = "E129";
    /// A query that is too long.
    TOO_LONG = "E130";
    /// A character that means nothing here.
    UNEXPECTED_CHARACTER = "E131";
    /// A concept's list holds something else than terms.
    NOT_A_TERM = "E132";
    /// `@` or `#` without a name.
    MISSING_NAME = "E133";
    /// A word where an operator should stand, and nearly one: `ADN`, `NAER/3`, `ИЛИ`.
    MISSPELT_OPERATOR = "E134";

    /// Two topics with one id.
    DUPLICATE_TOPIC = "E150";
    /// Two concepts with one name.
    DUPLICATE_CONCEPT = "E151";
    /// `@name` where no such concept exists.
    UNDEFINED_CONCEPT = "E152";
    /// `#id` where no such topic exists, or it has no `match`.
    UNDEFINED_TOPIC = "E153";
    /// Concepts or topics that lead back to themselves.
    CYCLE = "E154";
    /// Not an ISO 639-1 code.
    UNKNOWN_LANGUAGE = "E155";
    /// A topic with neither `match` nor `score`.
    NO_CONDITION = "E156";
    /// `threshold` or severity by score without `score`, or `score` alone without `threshold`.
    SCORE_MISSING = "E157";
    /// Severity levels whose scores don't rise.
    SEVERITY_ORDER = "E158";
    /// An unknown reason in `alert_on`.
    BAD_ALERT_ON = "E159";
    /// A pattern for hosts and feed names that can't be read.
    BAD_GLOB = "E160";
    /// An id or name with other characters than letters, digits, `-`, `_`, `.`.
    BAD_NAME = "E161";
    /// A concept without a term.
    EMPTY_CONCEPT = "E162";
    /// A score part that adds nothing or contradicts itself.
    BAD_SCORE = "E163";
    /// A test that expects nothing or contradicts itself.
    BAD_TEST = "E164";
    /// A surge that can't be: no limit, or a baseline not longer than its window.
    BAD_SURGE = "E165";
    /// A label with a name that routes use for something else.
    RESERVED_LABEL = "E166";
    /// A term in which the analysis finds no letter or digit.
    NO_WORD = "E190";
    /// Concepts or topics that refer to each other over too many steps.
    CHAIN = "E191";

    /// A topic without tests.
    NO_TESTS = "W101";
    /// A query or topic that can never match.
    NEVER = "W102";
    /// A topic that always matches.
    ALWAYS = "W103";
    /// A wildcard with fewer than three letters.
    WIDE_WILDCARD = "W104";
    /// A regular expression.
    REGEX = "W105";
    /// The same term twice in a list.
    DUPLICATE_TERM = "W106";
    /// A term that another one includes.
    COVERED_TERM = "W107";
    /// A concept has no terms in a language that the topic asks for.
    MISSING_LANGUAGE = "W108";
    /// A concept that nothing uses.
    UNUSED_CONCEPT = "W109";
    /// A letter of another script that looks like the ones around it.
    MIXED_SCRIPT = "W110";
    /// Nothing to read in the folders named.
    NO_FILES = "W111";
    /// Nothing in a file.
    EMPTY_FILE = "W112";
    /// A sign or operator inside a term that is not looked for, or is taken for a word.
    UNHEARD = "W113";
    /// Topics that ask for the same.
    SAME_QUERY = "W114";
    /// A regular expression on `url:` that looks for the escapes of a link, which are letters there.
    ESCAPED_REGEX = "W115";
    /// A list without anything in it, where one that is absent means the same.
    EMPTY_LIST = "W116";
    /// A list of terms that are not written as its language is.
    OTHER_LANGUAGE = "W117";
}
