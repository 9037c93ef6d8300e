//! Text in any language: from HTML to what a person would read, its language, its words.
