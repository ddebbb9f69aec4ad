//! Damaged stores: what is damaged is named, and no command falls over them.

use crate::{Made, atlas, files, json, made, text};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;

#[test]
fn a_whole_store() {
    let store = made();
    assert_eq!(text(["verify", store.path()]), "no damage in 3 segments of generation 4\n");
    assert_eq!(text(["-q", "verify", store.path()]), "");
    let said = json(&["verify", store.path(), "--generation", "3"]);
    assert_eq!((&said["generation"], &said["damages"]), (&json!(3), &json!([])));
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 0x40;
    fs::write(file, bytes).unwrap();
}

/// The segments of an array name, the oldest first.
fn segments(store: &Made, array: &str) -> Vec<std::path::PathBuf> {
    files(&store.path.join(array))
}

fn verify(store: &Made) -> Vec<Json> {
    let run = atlas(["--json", "verify", store.path()]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let said: Json = serde_json::from_str(&run.out).unwrap();
    said["damages"].as_array().unwrap().clone()
}

#[test]
fn a_block() {
    let store = made();
    // The first segment's one block is a pack of the chunks that were written first. One of them was written again.
    let file = &segments(&store, "temperature")[0];
    flip(file, 40);
    let damages = verify(&store);
    assert_eq!(damages.len(), 1, "{damages:?}");
    let damage = &damages[0];
    assert_eq!((&damage["file"], &damage["offset"]), (&json!(file), &json!(32)));
    assert_eq!(damage["affected"], json!([{"dataset": "january", "array": "temperature", "chunk": [0, 1]}]));
    let run = atlas(["verify", store.path()]);
    let expected = format!(
        "{} at offset 32: a block's checksum does not match\n    \
         chunk [0, 1] of array 'temperature' of dataset 'january'\n1 damage in 3 segments of generation 4\n",
        file.display()
    );
    assert_eq!((run.code, run.out), (1, expected));
    let run = atlas(["-q", "verify", store.path()]);
    assert!(run.code == 1 && run.out.lines().count() == 2, "{}", run.out);
    // At that generation the chunk that was written again was not yet.
    let run = atlas(["--json", "verify", store.path(), "--generation", "2"]);
    let said: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!(said["damages"][0]["affected"].as_array().unwrap().len(), 2, "{}", run.out);

    // What is whole can still be read.
    assert_eq!(atlas(["show", store.path(), "january", "temperature[0,0]"]).code, 0);
    let run = atlas(["show", store.path(), "january", "temperature[0,2]"]);
    assert!(run.code == 1 && run.err.contains("at offset 32"), "{}: {}", run.code, run.err);
    let run = atlas(["--json", "show", "-v", store.path()]);
    assert!(run.code == 1 && run.err.starts_with("{\"error\":{"), "{}: {}", run.code, run.err);
}

#[test]
fn an_index() {
    let store = made();
    let file = &segments(&store, "temperature")[1];
    let length = fs::metadata(file).unwrap().len() as usize;
    // Of the page, of the trailer, of the header, and of the file as a whole.
    let whole = fs::read(file).unwrap();
    let frames: Vec<usize> = (32..length).filter(|&at| whole[at..].starts_with(&[0x28, 0xb5, 0x2f, 0xfd])).collect();
    let [.., page, definitions] = frames[..] else { panic!("{frames:?}") };
    for at in [page + 4, length - 1, 3] {
        flip(file, at);
        let damages = verify(&store);
        assert_eq!(damages[0]["affected"], json!([{"dataset": "january", "array": "temperature", "chunk": null}]));
        fs::write(file, &whole).unwrap();
    }
    // Behind the page is what only a repair needs.
    flip(file, definitions + 4);
    assert_eq!(verify(&store)[0]["affected"], json!([]));
    fs::write(file, &whole[..length - 5]).unwrap();
    assert_eq!(verify(&store)[0]["affected"].as_array().unwrap().len(), 1);
    fs::remove_file(file).unwrap();
    let run = atlas(["verify", store.path()]);
    assert!(run.code == 1 && run.out.contains("any chunk of array 'temperature'"), "{}: {}", run.code, run.out);
    assert_eq!(atlas(["stats", "--chunks", store.path()]).code, 1);
}

#[test]
fn a_root() {
    let store = made();
    let root = store.path.join("atlas.json");
    let whole = fs::read(&root).unwrap();
    for damaged in [&whole[..whole.len() / 2], &b""[..], b"{}", &[0xff; 100]] {
        fs::write(&root, damaged).unwrap();
        let damages = verify(&store);
        assert!(damages[0]["message"].as_str().unwrap().contains("atlas.json"), "{damages:?}");
        let run = atlas(["verify", store.path()]);
        assert!(run.code == 1 && run.out.contains("atlas.json"), "{}", run.out);
        for words in [&["ls"][..], &["info"], &["show"], &["stats"], &["du"], &["compact"]] {
            let run = atlas([words, &[store.path()]].concat());
            assert!(run.code == 1 && run.err.contains("atlas.json") && run.out.is_empty(), "{words:?}: {}", run.err);
        }
    }
}

#[test]
fn repair() {
    let store = made();
    assert_eq!(text(["repair", store.path()]), "the root is whole, and its segments open: generation 4\n");
    let root = store.path.join("atlas.json");
    let way = format!("`atlas repair {}`", store.path());
    fs::write(&root, b"{").unwrap();
    let run = atlas(["info", store.path()]);
    assert!(run.code == 1 && run.err.contains(&way), "{}", run.err);
    let said = text(["repair", store.path()]);
    let end = "generation 5 holds what generation 3 held: 2 datasets, 4 arrays\n";
    assert!(said.contains("atlas.json") && said.ends_with(end), "{said}");
    // What commit 4 deleted had been there before.
    assert_eq!(text(["ls", store.path()]), "january\njuly\n");
    text(["verify", store.path()]);
    assert!(store.path.join(".atlas.json.damaged").exists());

    fs::remove_file(&root).unwrap();
    let run = atlas(["info", store.path()]);
    assert!(run.code == 3 && run.err.contains(&way), "{}", run.err);
    let said = json(&["repair", store.path()]);
    assert_eq!((&said["was_whole"], &said["restored"], &said["newer"]), (&json!(false), &json!(3), &json!([])));
    assert!(!said["losses"].as_array().unwrap().is_empty());
    assert_eq!(json(&["repair", store.path()])["was_whole"], true);
    assert_eq!(text(["-q", "repair", store.path()]), "");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(atlas(["repair", empty.path().to_str().unwrap()]).code, 3);
}

#[test]
fn salvage() {
    let store = made();
    let root = store.path.join("atlas.json");
    // From the commit before the one that wrote `temperature` again.
    for name in ["atlas.json", ".atlas.json.00000003"] {
        fs::remove_file(store.path.join(name)).unwrap();
    }
    let run = atlas(["repair", "--salvage", store.path()]);
    let expected = "    array 'temperature' of dataset 'january' is of generation 3\n    \
                    array 'temperature' of dataset 'july' is of generation 3\n    \
                    all else is of generation 2\n\
                    generation 4 made anew from generation 2, with values of 3: 2 datasets, 4 arrays\n";
    assert!(run.code == 1 && run.out.ends_with(expected), "{}: {}", run.code, run.out);
    // Now it is a commit like others.
    assert_eq!(json(&["repair", "--salvage", store.path()])["was_whole"], true);

    // From segments alone.
    for file in files(&store.path) {
        if file.parent() == Some(&store.path) {
            fs::remove_file(file).unwrap();
        }
    }
    let run = atlas(["repair", store.path()]);
    assert!(run.code == 3 && run.err.contains("--salvage") && !root.exists(), "{}: {}", run.code, run.err);
    let run = atlas(["--json", "repair", "--salvage", store.path()]);
    let said: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &said["salvaged"], &said["restored"]), (1, &json!([2, 3]), &Json::Null), "{}", run.out);
    assert_eq!(said["newer"][0], json!({"dataset": "january", "array": "temperature", "generation": 3}));
    assert_eq!((&said["newer_count"], said["newer"].as_array().unwrap().len()), (&json!(3), 3));
    assert!(text(["show", "-v", store.path(), "january", "temperature"]).contains("9.75, 0.1, 0.2, 0.3,"));
}

#[test]
fn a_segment_that_is_gone() {
    let store = made();
    let file = &segments(&store, "temperature")[1];
    fs::remove_file(file).unwrap();
    let run = atlas(["repair", store.path()]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let (named, said) = run.out.split_once('\n').unwrap();
    assert!(named.contains(file.to_str().unwrap()), "{named}");
    let expected = "    of array 'temperature' of dataset 'january'\n\
                    the root is whole: generation 4; 1 segment damaged or gone\n\
                    nothing was changed; what is not named can be read. The ways on:\n    \
                    put the files back, from a copy of the store\n    \
                    atlas rollback PATH 2    goes back to a commit that is whole\n    \
                    atlas rm PATH DATASET ARRAY    deletes what is damaged, and keeps the rest\n";
    assert_eq!(said.replace(store.path(), "PATH"), expected);
    let run = atlas(["-q", "repair", store.path()]);
    assert!(run.code == 1 && run.out.lines().count() == 2, "{}", run.out);
    let run = atlas(["--json", "repair", store.path()]);
    let said: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &said["was_whole"], &said["kept"]), (1, &json!(false), &json!([2])));
    let damaged = &said["damaged"][0];
    assert_eq!((&damaged["file"], &damaged["array_count"]), (&json!(file), &json!(1)));
    assert_eq!(damaged["arrays"], json!([{"dataset": "january", "array": "temperature"}]));
    text(["rollback", store.path(), "2"]);
    assert_eq!(json(&["repair", store.path()])["was_whole"], true);
}

#[test]
fn what_is_damaged_is_deleted() {
    for damaged in [None, Some(&b"cut"[..]), Some(b"")] {
        let store = made();
        let file = segments(&store, "temperature")[0].clone();
        match damaged {
            None => fs::remove_file(&file).unwrap(),
            Some(bytes) => fs::write(&file, bytes).unwrap(),
        }
        assert_eq!(atlas(["repair", store.path()]).code, 1);
        let run = atlas(["rm", store.path(), "january", "temperature"]);
        assert!(run.code == 0 && run.err.contains("are counted by the next compaction"), "{}: {}", run.code, run.err);
        assert_eq!(run.out, "array 'temperature' of dataset 'january' removed: generation 5\n");
        assert_eq!(text(["ls", store.path(), "january"]), "station\nlevel\n");
        text(["compact", store.path()]);
        assert_eq!(json(&["repair", store.path()])["was_whole"], true);
        assert!(text(["show", "-v", store.path()]).contains("\"Oslo\""));
    }
}

/// Bytes flipped anywhere: each is found, and no command falls over it.
#[test]
fn anywhere() {
    let store = made();
    let mut number = 0;
    for file in files(&store.path) {
        let whole = fs::read(&file).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 6 + 1) {
            flip(&file, at);
            assert!(!verify(&store).is_empty(), "{} at {at}", file.display());
            let commands: [&[&str]; 5] =
                [&["show", "-v"], &["stats", "--chunks"], &["du"], &["--json", "show", "-v"], &["ls", "-l"]];
            for words in commands {
                let run = atlas([words, &[store.path()]].concat());
                assert!(run.code <= 1, "{words:?}: {}: {}", run.code, run.err);
            }
            fs::write(&file, &whole).unwrap();
            number += 1;
        }
    }
    assert!(number > 20, "{number}");
    text(["verify", store.path()]);
}
