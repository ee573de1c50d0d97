//! What can be weakened in a source file.

use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Calls whose result is not used where they are, and without which somebody may sleep on; and all fences.
const CALLS: [&str; 19] = [
    "ask_for_space",
    "call",
    "call_if_parked",
    "empty",
    "enter",
    "queue_up",
    "rearm",
    "register",
    "sign_off",
    "sign_up",
    "signal",
    "signalled",
    "tell",
    "unpark",
    "wake",
    "wake_blocked",
    "wake_eased",
    "wake_from",
    "wake_up_to",
];

/// Those that are also the value of a closure or of a match arm, being of the type `()`.
const UNIT_CALLS: [&str; 2] = ["signal", "wake_by_ref"];

/// Who explains a survivor says so beside the line.
const EXPLAINED: &str = "no model shows";

/// A place in a source file, and what is done to it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) line: usize,
    pub(crate) what: String,
    pub(crate) is_explained: bool,
    bytes: Range<usize>,
    change: Change,
}

#[derive(Debug)]
enum Change {
    /// The ordering becomes this one.
    Ordering(&'static str),
    /// The statement, with its semicolon, or the expression is left out.
    Omission,
}

/// Finds the sites of a file. Tests are left out.
pub(crate) fn find(source: &str) -> Vec<Site> {
    let file = syn::parse_file(source).expect("the crate's source parses");
    let mut finder = Finder {
        source,
        sites: Vec::new(),
    };
    finder.visit_file(&file);
    finder.sites.sort_by_key(|site| site.bytes.start);
    finder.sites
}

/// The source with a switch at every site; `first` is the number of the first.
pub(crate) fn with_switches(source: &str, sites: &[Site], first: usize) -> String {
    let mut inserts = Vec::new();
    for (n, site) in (first..).zip(sites) {
        let (before, after) = match site.change {
            Change::Ordering(weaker) => (
                format!("crate::mutants::weakened({n}, "),
                format!(", crate::sync::atomic::Ordering::{weaker})"),
            ),
            Change::Omission => (
                format!("if crate::mutants::keeps({n}) {{ "),
                " }".to_owned(),
            ),
        };
        // At one place, what ends comes before what begins, and what began first ends last.
        let n = n as isize;
        inserts.push(((site.bytes.end, 0, -n), after));
        inserts.push(((site.bytes.start, 1, n), before));
    }
    inserts.sort();
    let mut text = source.to_owned();
    // From the end, so that the places before stay where they are.
    for ((at, ..), insert) in inserts.iter().rev() {
        text.insert_str(*at, insert);
    }
    text
}

struct Finder<'a> {
    source: &'a str,
    sites: Vec<Site>,
}

impl Finder<'_> {
    fn add(&mut self, span: Span, change: Change) {
        let bytes = span.byte_range();
        let line = span.start().line;
        let text = &self.source[bytes.clone()];
        let what = match change {
            Change::Ordering(weaker) => {
                let line = self.source.lines().nth(line - 1).unwrap_or_default();
                format!("{}  {text} → {weaker}", line.trim())
            }
            Change::Omission => {
                let call: String = text.split_whitespace().collect();
                format!("without {call}")
            }
        };
        self.sites.push(Site {
            line,
            what,
            is_explained: self.is_explained(line),
            bytes,
            change,
        });
    }

    /// Whether the comment above a line, or above the statement that it is in, explains a survivor.
    fn is_explained(&self, line: usize) -> bool {
        let is_comment = |line: &&&str| line.trim_start().starts_with("//");
        let lines: Vec<&str> = self.source.lines().take(line - 1).collect();
        // A blank line ends what a comment is about.
        let above = lines
            .iter()
            .rev()
            .take_while(|line| !line.trim().is_empty());
        let code_between = above.clone().take_while(|line| !is_comment(line)).count();
        code_between <= 5
            && above
                .skip(code_between)
                .take_while(is_comment)
                .any(|comment| comment.to_lowercase().contains(EXPLAINED))
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        // Those that there are need a condition, which is `test` or something with it.
        if !function.attrs.iter().any(|a| a.path().is_ident("cfg")) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_stmt(&mut self, stmt: &'ast syn::Stmt) {
        if let syn::Stmt::Expr(call, Some(_)) = stmt {
            if is_call_of(call, &CALLS) {
                self.add(stmt.span(), Change::Omission);
            }
        }
        visit::visit_stmt(self, stmt);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if is_call_of(&arm.body, &UNIT_CALLS) {
            self.add(arm.body.span(), Change::Omission);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        if is_call_of(&closure.body, &UNIT_CALLS) {
            self.add(closure.body.span(), Change::Omission);
        }
        visit::visit_expr_closure(self, closure);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        // A fence that is not sequentially consistent has no weaker form, and is left out as a statement.
        let is_fence = matches!(&*call.func, syn::Expr::Path(path) if path.path.is_ident("fence"));
        match call.args.first() {
            Some(syn::Expr::Path(argument)) if is_fence => {
                if name_of(argument) == "SeqCst" {
                    self.add(argument.span(), Change::Ordering("AcqRel"));
                }
            }
            _ => visit::visit_expr_call(self, call),
        }
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let segments = &path.path.segments;
        if segments.len() < 2 || segments[segments.len() - 2].ident != "Ordering" {
            return;
        }
        let weaker: &[&'static str] = match name_of(path).as_str() {
            "SeqCst" => &["AcqRel"],
            "AcqRel" => &["Acquire", "Release"],
            "Acquire" | "Release" => &["Relaxed"],
            _ => &[],
        };
        for &ordering in weaker {
            self.add(path.span(), Change::Ordering(ordering));
        }
    }
}

fn name_of(path: &syn::ExprPath) -> String {
    path.path
        .segments
        .last()
        .map(|segment| segment.ident.to_string())
        .unwrap_or_default()
}

fn is_call_of(expr: &syn::Expr, names: &[&str]) -> bool {
    let name = match expr {
        syn::Expr::MethodCall(call) => call.method.to_string(),
        syn::Expr::Call(call) => match &*call.func {
            syn::Expr::Path(path) => name_of(path),
            _ => return false,
        },
        _ => return false,
    };
    names.contains(&name.as_str()) || name.starts_with("fence")
}
