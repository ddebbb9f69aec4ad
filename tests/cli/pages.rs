//! The man pages and completions in `docs` are what the command line gives now. `ATLAS_BLESS=1 cargo test --features
//! cli --test cli` writes them.

use clap::CommandFactory;
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};
use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

#[allow(dead_code)]
#[path = "../../src/bin/atlas/args.rs"]
mod args;

/// The pages of a command and its subcommands, by their names.
fn pages(command: clap::Command, pages: &mut BTreeMap<String, String>) {
    for subcommand in command.get_subcommands() {
        self::pages(subcommand.clone(), pages);
    }
    let page = clap_mangen::Man::new(command).manual("Atlas").source(concat!("atlas ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    page.render(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let text = text.replace(".SH EXTRA\nExit status:\n", ".SH \"EXIT STATUS\"\n").replace(".SH EXTRA", ".SH NOTES");
    pages.insert(format!("man/{}", page.get_filename()), text);
}

fn expected() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut command = args::Arguments::command().disable_help_subcommand(true);
    command.build();
    pages(command.clone(), &mut files);
    let shells: [(&dyn EnvCompleter, &str); 3] = [(&Bash, "atlas.bash"), (&Zsh, "_atlas"), (&Fish, "atlas.fish")];
    for (shell, name) in shells {
        let mut text = Vec::new();
        shell.write_registration("ATLAS_COMPLETE", "atlas", "atlas", "atlas", &mut text).unwrap();
        let mut text = String::from_utf8(text).unwrap().trim_end().to_owned() + "\n";
        if name == "_atlas" {
            // Where zsh loads the file as the function of its name it is to complete, too, and not to define alone.
            text += "\nif [ \"$funcstack[1]\" = \"_atlas\" ]; then\n    _clap_dynamic_completer_atlas \"$@\"\nfi\n";
        }
        files.insert(format!("completions/{name}"), text);
    }
    files
}

#[test]
fn pages_and_completions_are_fresh() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let expected = expected();
    if env::var_os("ATLAS_BLESS").is_some() {
        for folder in ["man", "completions"] {
            fs::create_dir_all(docs.join(folder)).unwrap();
        }
        for (name, text) in &expected {
            fs::write(docs.join(name), text).unwrap();
        }
    }
    let mut found: Vec<String> = Vec::new();
    for folder in ["man", "completions"] {
        for entry in fs::read_dir(docs.join(folder)).unwrap() {
            found.push(format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()));
        }
    }
    found.sort();
    assert_eq!(found, expected.keys().cloned().collect::<Vec<_>>());
    for (name, text) in &expected {
        let stale = fs::read_to_string(docs.join(name)).unwrap() != *text;
        assert!(!stale, "docs/{name} is not what the command line gives: ATLAS_BLESS=1 writes it");
    }
}
