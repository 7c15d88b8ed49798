// The language-neutral code model: what TypeScript, JavaScript and Python code look like to every room above `languages`.
// Plain, serialisable data with spans. It knows no parser and no framework. Syntax that it has no word for stays as
// `opaque` with its children, so that no call is ever lost.

/** Half-open range of UTF-16 offsets into the module's text: `[start, end)`. */
export type Span = readonly [start: number, end: number];

export type Language = 'typescript' | 'python';

/** One file, read. Broken text gives a partial module: what could be read, and `problems` for the rest. */
export interface Module {
  /** Workspace path with forward slashes; the module's identity. */
  readonly path: string;
  readonly language: Language;
  /** Offset of each line's first character; `lineStarts[0]` is 0. */
  readonly lineStarts: readonly number[];
  readonly imports: readonly ImportBinding[];
  readonly exports: readonly ExportBinding[];
  /** Top-level statements in source order. */
  readonly body: readonly Statement[];
  readonly comments: readonly Comment[];
  readonly problems: readonly SyntaxProblem[];
}

/** A name that an import brings into the module, or a bare import for its side effects (`local` is then ''). */
export interface ImportBinding {
  readonly local: string;
  /** As written: `./state`, `@langchain/langgraph`; Python dotted and relative forms stay dotted: `.state`, `a.b`. */
  readonly specifier: string;
  /** Exported name, `default`, or `*` for the whole module. Python `import a.b as c` is `*` of `a.b`. */
  readonly imported: string;
  readonly typeOnly: boolean;
  readonly span: Span;
}

/**
 * A name that the module offers to others. Python: every top-level binding.
 * `local` names a binding of this module; with `specifier` the name is passed on from another module
 * (`export { a as b } from './x'`; `export * from './x'` is `exported: '*', local: '*'`).
 * `export default <expression>` has `value` instead of a local name (the body holds the same expression: walk the body).
 * `module.exports = x` and `export = x` are `exported: 'export='`: what `require` gives and a default import falls back to;
 * the entries of `module.exports = { a, b }` are exports too.
 */
export interface ExportBinding {
  readonly exported: string;
  readonly local?: string;
  readonly specifier?: string;
  readonly value?: Expression;
}

export interface Comment {
  /** Without the comment marks, trimmed. */
  readonly text: string;
  readonly span: Span;
}

export interface SyntaxProblem {
  readonly message: string;
  readonly span: Span;
}

// ---- Statements -----------------------------------------------------------------------------------------------

export type Statement =
  | ExpressionStatement
  | DeclareStatement
  | IfStatement
  | LoopStatement
  | SwitchStatement
  | TryStatement
  | BlockStatement
  | ReturnStatement
  | RaiseStatement
  | BreakStatement
  | ContinueStatement
  | FunctionStatement
  | ClassStatement
  | ScopeStatement
  | OpaqueStatement;

interface Node {
  readonly span: Span;
}

export interface ExpressionStatement extends Node {
  readonly kind: 'expression';
  readonly expression: Expression;
}

/** `const x = …` in JavaScript. Python has none: its bindings are `assign` expressions, declared by the first of them. */
export interface DeclareStatement extends Node {
  readonly kind: 'declare';
  readonly target: Pattern;
  /** TypeScript `x: Foo`; a type is an expression (see `annotation` of Parameter). */
  readonly annotation?: Expression;
  readonly value?: Expression;
  /** Cannot be reassigned (`const`, `using`). */
  readonly constant: boolean;
}

export interface IfStatement extends Node {
  readonly kind: 'if';
  readonly test: Expression;
  readonly then: readonly Statement[];
  readonly otherwise: readonly Statement[];
  /** The head only: `if (…)`. */
  readonly head: Span;
}

export interface LoopStatement extends Node {
  readonly kind: 'loop';
  /** `while`: test, then body. `doWhile`: body, then test. `for`: C-style. `each`: over `iterable` (JS of/in, Python for). */
  readonly form: 'while' | 'doWhile' | 'for' | 'each';
  readonly label?: string;
  /** C-style only. */
  readonly init: readonly Statement[];
  /** Absent: always true (`for (;;)`). Always present for `while` and `doWhile`. */
  readonly test?: Expression;
  /** C-style only. */
  readonly update: readonly Expression[];
  /** `each` only. */
  readonly target?: Pattern;
  /** `each` only. For JS `for (k in o)` it is the object and `keys` is true. */
  readonly iterable?: Expression;
  readonly keys?: boolean;
  /** `for await` / `async for`. */
  readonly isAsync: boolean;
  readonly body: readonly Statement[];
  /** Python's `else` of a loop: runs when it ends without break. */
  readonly otherwise: readonly Statement[];
  /** The head only: `while (…)`, `for (…)`; of a do-while the closing `while (…)`; `do` alone when the test is unreadable. */
  readonly head: Span;
}

export interface SwitchStatement extends Node {
  readonly kind: 'switch';
  readonly subject: Expression;
  /** A case without tests is the default. `fallsThrough`: control can run into the next case (never in Python). */
  readonly cases: readonly {
    readonly tests: readonly Expression[];
    readonly body: readonly Statement[];
    readonly fallsThrough: boolean;
    readonly span: Span;
  }[];
  readonly head: Span;
}

export interface TryStatement extends Node {
  readonly kind: 'try';
  readonly body: readonly Statement[];
  readonly handlers: readonly Handler[];
  /** Python's `else` of a try. */
  readonly otherwise: readonly Statement[];
  readonly finalizer: readonly Statement[];
}

export interface Handler {
  readonly parameter?: Pattern;
  /** Python's exception types; empty catches everything. */
  readonly types: readonly Expression[];
  readonly body: readonly Statement[];
  readonly span: Span;
  /** The head only: `catch (e)`, `except Foo as e:`. */
  readonly head: Span;
}

/** `{ … }` in JavaScript, `with a as b:` in Python (its contexts are `header`; a bound one is the `assign` `b = a`). */
export interface BlockStatement extends Node {
  readonly kind: 'block';
  readonly label?: string;
  readonly header: readonly Expression[];
  readonly body: readonly Statement[];
}

export interface ReturnStatement extends Node {
  readonly kind: 'return';
  readonly value?: Expression;
}

/** `throw`, `raise`. A bare Python `raise` has no value. `assert c` is an `if (not c) raise`. */
export interface RaiseStatement extends Node {
  readonly kind: 'raise';
  readonly value?: Expression;
}

export interface BreakStatement extends Node {
  readonly kind: 'break';
  readonly label?: string;
}

export interface ContinueStatement extends Node {
  readonly kind: 'continue';
  readonly label?: string;
}

export interface FunctionStatement extends Node {
  readonly kind: 'function';
  readonly function: FunctionNode;
}

export interface ClassStatement extends Node {
  readonly kind: 'class';
  readonly class: ClassNode;
}

/** Python's `global a, b` and `nonlocal a, b`: these names of the enclosing function are bound further out. */
export interface ScopeStatement extends Node {
  readonly kind: 'scope';
  readonly form: 'global' | 'nonlocal';
  readonly names: readonly string[];
}

/** Import statements leave one without children where they stand; interfaces and type aliases too. */
export interface OpaqueStatement extends Node {
  readonly kind: 'opaque';
  readonly children: readonly (Statement | Expression)[];
  /** Discriminates opaque statements from opaque expressions. */
  readonly role: 'statement';
}

// ---- Functions and classes --------------------------------------------------------------------------------------

export interface FunctionNode extends Node {
  /** Own name, or the one it is bound to (`const f = () => …`, a method's key, an object entry's key); '' if none. */
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** An arrow or lambda with an expression body has one `return`. */
  readonly body: readonly Statement[];
  readonly isAsync: boolean;
  readonly isGenerator: boolean;
  /** Arrow function: `this` is the enclosing one. */
  readonly isArrow: boolean;
  readonly decorators: readonly Decorator[];
  readonly returns?: Expression;
  /** Name and parameters, one line if it can be: where a finding on the function points. */
  readonly head: Span;
  /** The body's inside: between the braces, or the indented block; for an expression body the expression. */
  readonly bodySpan: Span;
  /** `abstract`, overload signature, `declare`: there is no body to run. */
  readonly bodiless: boolean;
}

export interface Parameter extends Node {
  readonly target: Pattern;
  readonly defaultValue?: Expression;
  readonly rest: 'none' | 'positional' | 'keyword';
  /** Type annotation as an expression: `name`, `member`, `index` for type arguments (`Promise<X>` is Promise[X],
   *  `Map<K, V>` is Map[(K, V)], `X[]` is Array[X], `typeof x` a unary), `literal`, `binary` `|` and `&` for unions and
   *  intersections; anything else `opaque`. */
  readonly annotation?: Expression;
  /** Absent: none. */
  readonly decorators?: readonly Decorator[];
  /** TypeScript parameter property (`constructor(private llm: LLM)`): also a field of the class. */
  readonly isField: boolean;
}

export interface Decorator extends Node {
  /** `@start()` is a call, `@start` a name. */
  readonly expression: Expression;
}

export interface ClassNode extends Node {
  readonly name: string;
  readonly bases: readonly Expression[];
  readonly decorators: readonly Decorator[];
  readonly members: readonly ClassMember[];
  readonly head: Span;
}

/** `name` is the static name; a computed one has `computed` and name ''. A method's decorators are its function's. */
export type ClassMember =
  | {
      readonly kind: 'method';
      readonly name: string;
      readonly computed?: Expression;
      readonly isStatic: boolean;
      readonly accessor: 'none' | 'get' | 'set';
      readonly function: FunctionNode;
      readonly span: Span;
    }
  | {
      readonly kind: 'field';
      readonly name: string;
      readonly computed?: Expression;
      /** Absent: none. */
      readonly decorators?: readonly Decorator[];
      readonly isStatic: boolean;
      readonly annotation?: Expression;
      readonly value?: Expression;
      readonly span: Span;
    }
  /** Static blocks and statements in a Python class body. */
  | { readonly kind: 'statement'; readonly statement: Statement; readonly span: Span };

// ---- Expressions ------------------------------------------------------------------------------------------------

export type Expression =
  | LiteralExpression
  | TemplateExpression
  | NameExpression
  | MemberExpression
  | IndexExpression
  | CallExpression
  | FunctionExpression
  | ClassExpression
  | ObjectExpression
  | ListExpression
  | BinaryExpression
  | LogicalExpression
  | UnaryExpression
  | ConditionalExpression
  | AssignExpression
  | AwaitExpression
  | YieldExpression
  | ComprehensionExpression
  | SpreadExpression
  | OpaqueExpression;

/** `null` covers null and None; JavaScript's `undefined` is the name `undefined`. `Infinity`, `NaN` are names too. */
export interface LiteralExpression extends Node {
  readonly kind: 'literal';
  readonly value: string | number | boolean | null;
}

/** Template literal or f-string: texts and expressions in order; `texts` has one more than `values`. */
export interface TemplateExpression extends Node {
  readonly kind: 'template';
  readonly texts: readonly string[];
  readonly values: readonly Expression[];
}

/** A variable; `this`, `super` and Python's `self` are names as well. */
export interface NameExpression extends Node {
  readonly kind: 'name';
  readonly name: string;
}

export interface MemberExpression extends Node {
  readonly kind: 'member';
  readonly object: Expression;
  readonly property: string;
  readonly optional: boolean;
  /** Where the property's name stands. */
  readonly nameSpan: Span;
}

/** `a[b]`. Also used for type arguments in annotations. Python slices are `opaque` inside. */
export interface IndexExpression extends Node {
  readonly kind: 'index';
  readonly object: Expression;
  readonly index: Expression;
}

export interface CallExpression extends Node {
  readonly kind: 'call';
  readonly callee: Expression;
  readonly arguments: readonly Argument[];
  /** `new X(…)`. Python instantiation is an ordinary call. Tagged templates are calls with one template argument. */
  readonly isNew: boolean;
  readonly optional: boolean;
  /** TypeScript's `f<State>(…)`. */
  readonly typeArguments: readonly Expression[];
}

export interface Argument extends Node {
  readonly value: Expression;
  /** Python keyword argument. */
  readonly name?: string;
  /** `...x`, `*x`: `positional`; `**x`: `keyword`. */
  readonly spread: 'none' | 'positional' | 'keyword';
}

export interface FunctionExpression extends Node {
  readonly kind: 'functionExpression';
  readonly function: FunctionNode;
}

export interface ClassExpression extends Node {
  readonly kind: 'classExpression';
  readonly class: ClassNode;
}

/** Object literal, Python dict. */
export interface ObjectExpression extends Node {
  readonly kind: 'object';
  readonly entries: readonly ObjectEntry[];
}

export type ObjectEntry =
  /** `key` is the static name; a computed one (also a non-string Python key) has `computed` and key ''. */
  | {
      readonly kind: 'entry';
      readonly key: string;
      readonly computed?: Expression;
      readonly value: Expression;
      readonly span: Span;
    }
  | { readonly kind: 'spread'; readonly value: Expression; readonly span: Span };

/** Array, Python list, tuple, set. Holes are left out. */
export interface ListExpression extends Node {
  readonly kind: 'list';
  readonly shape: 'list' | 'tuple' | 'set';
  readonly items: readonly Expression[];
}

/** Operators are neutral: `===` and Python's `is` are `==`; `!==`, `is not` are `!=`; `not in` is `notIn`. */
export type BinaryOperator =
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | '//'
  | '%'
  | '**'
  | '&'
  | '|'
  | '^'
  | '<<'
  | '>>'
  | '>>>'
  | '@'
  | 'in'
  | 'notIn'
  | 'instanceof';

export interface BinaryExpression extends Node {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

/** `&&`/`and`, `||`/`or`, `??`. A Python chain `a < b < c` is an `and` of two comparisons. */
export interface LogicalExpression extends Node {
  readonly kind: 'logical';
  readonly operator: 'and' | 'or' | 'coalesce';
  readonly left: Expression;
  readonly right: Expression;
}

export interface UnaryExpression extends Node {
  readonly kind: 'unary';
  readonly operator: 'not' | '-' | '+' | '~' | 'typeof' | 'void' | 'delete';
  readonly operand: Expression;
}

export interface ConditionalExpression extends Node {
  readonly kind: 'conditional';
  readonly test: Expression;
  readonly then: Expression;
  readonly otherwise: Expression;
}

/**
 * Assignment. `operator` '=' is plain; `+`, `-`, `*` … are compound (`x += v`); `and`, `or`, `coalesce` are `&&=` and so on.
 * `x++` is `+` with the literal 1; `result` says whether the expression's value is the old one (`x++`) or the new one.
 */
export interface AssignExpression extends Node {
  readonly kind: 'assign';
  readonly target: Pattern;
  readonly operator: '=' | BinaryOperator | 'and' | 'or' | 'coalesce';
  readonly value: Expression;
  readonly result: 'old' | 'new';
  /** Python `x: Foo = …` (and `x: Foo` alone, whose value is the name `undefined`). */
  readonly annotation?: Expression;
}

export interface AwaitExpression extends Node {
  readonly kind: 'await';
  readonly value: Expression;
}

export interface YieldExpression extends Node {
  readonly kind: 'yield';
  readonly value?: Expression;
  /** `yield*`, `yield from`. */
  readonly delegate: boolean;
}

/** Python comprehension or generator expression. */
export interface ComprehensionExpression extends Node {
  readonly kind: 'comprehension';
  readonly shape: 'list' | 'set' | 'dict' | 'generator';
  /** For a dict: key and value. */
  readonly elements: readonly Expression[];
  readonly clauses: readonly {
    readonly target: Pattern;
    readonly iterable: Expression;
    readonly conditions: readonly Expression[];
    readonly isAsync: boolean;
  }[];
}

/** `...x` in a list literal, `*x`. (In calls see Argument, in objects ObjectEntry.) */
export interface SpreadExpression extends Node {
  readonly kind: 'spread';
  readonly value: Expression;
}

export interface OpaqueExpression extends Node {
  readonly kind: 'opaque';
  readonly children: readonly (Statement | Expression)[];
  readonly role: 'expression';
}

// ---- Patterns -----------------------------------------------------------------------------------------------------

/** What is bound or assigned to. */
export type Pattern =
  | NameExpression
  | MemberExpression
  | IndexExpression
  | {
      readonly kind: 'objectPattern';
      readonly entries: readonly {
        /** Static key; '' for a computed one. */
        readonly key: string;
        readonly computed?: Expression;
        readonly target: Pattern;
        readonly defaultValue?: Expression;
      }[];
      readonly rest?: Pattern;
      readonly span: Span;
    }
  | {
      readonly kind: 'listPattern';
      /** A hole is undefined. */
      readonly items: readonly (
        | { readonly target: Pattern; readonly defaultValue?: Expression; readonly rest: boolean }
        | undefined
      )[];
      readonly span: Span;
    }
  | OpaqueExpression;

/** Everything that has a `kind` and is walked. */
export type AnyNode = Statement | Expression | Pattern;
