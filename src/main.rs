//! The `vedetta` program: parses arguments, calls the library, exits with its code.

fn main() -> std::process::ExitCode {
    vedetta::cli::main()
}
