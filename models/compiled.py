"""Pyomo to an affine data map and a sparse matrix, once per site and grid.

Pyomo's linear walk keeps mutable Params symbolic; each cost, coefficient and bound that comes out
of it must then be affine in them. A product of two Params or a division by one is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyomo.environ as pe
from pyomo.common.numeric_types import native_numeric_types
from pyomo.core.expr.numeric_expr import (
    DivisionExpression,
    NegationExpression,
    ProductExpression,
    SumExpression,
)
from pyomo.repn.parameterized import (
    ParameterizedBeforeChildDispatcher,
    ParameterizedLinearRepnVisitor,
)
from pyomo.repn.util import ExprType, VarRecorder

from models.affine import PLACE, AffineMap, CompiledSite, Costs, Group, Groups, Places
from models.cache import compile_key
from models.inputs_equipment import check_site
from models.site import COST_PARTS, build
from models.types import CompileError, SiteModel


class NotAffine(CompileError):  # noqa: N818 - the house's name for this fault
    """An expression multiplies or divides by a Param; the message shows it."""


class _KeepParams(ParameterizedBeforeChildDispatcher):
    """Leaves mutable Params as they are instead of putting their value in."""

    def register_dispatcher(self, visitor: Any, child: Any) -> Any:  # noqa: ANN401 - Pyomo
        """Pyomo's hook for a node class it meets for the first time."""
        if (
            child.__class__ not in native_numeric_types
            and not child.is_potentially_variable()
            and not child.is_constant()
        ):
            self[child.__class__] = _keep
            return _keep(visitor, child)
        return super().register_dispatcher(visitor, child)


def _keep(_visitor: Any, child: Any) -> tuple[bool, tuple[Any, Any]]:  # noqa: ANN401 - Pyomo
    """Treat the node as a known number of unknown value."""
    return False, (ExprType.FIXED, child)


class _LinearWalk(ParameterizedLinearRepnVisitor):
    """Linear in the variables, symbolic in the Params."""

    before_child_dispatcher = _KeepParams()


class _Rows:
    """Affine rows under construction."""

    def __init__(self, parameter_index: dict[int, int]) -> None:
        self._index = parameter_index
        self._rows: list[int] = []
        self._parameters: list[int] = []
        self._coefs: list[float] = []
        self._const: list[float] = []

    def add(self, *terms: tuple[float, Any]) -> None:
        """One row: the sum of factor x expression."""
        row = len(self._const)
        const = 0.0
        for factor, expression in terms:
            offset, slopes = self._affine(expression)
            const += factor * offset
            self._rows.extend([row] * len(slopes))
            self._parameters.extend(slopes.keys())
            self._coefs.extend(factor * slope for slope in slopes.values())
        self._const.append(const)

    def finish(self) -> AffineMap:
        """The rows as arrays."""
        return AffineMap(
            rows=np.array(self._rows, dtype=PLACE),
            parameters=np.array(self._parameters, dtype=PLACE),
            coefs=np.array(self._coefs, dtype=np.float64),
            const=np.array(self._const, dtype=np.float64),
        )

    def _affine(self, node: Any) -> tuple[float, dict[int, float]]:  # noqa: ANN401 - Pyomo
        """Constant and slope per parameter of an expression in Params."""
        if node.__class__ in native_numeric_types:
            return float(node), {}
        index = self._index.get(id(node))
        if index is not None:
            return 0.0, {index: 1.0}
        if isinstance(node, SumExpression):
            return _sum(self._affine(arg) for arg in node.args)
        if isinstance(node, NegationExpression):
            return _scaled(-1.0, self._affine(node.arg(0)))
        if isinstance(node, (ProductExpression, DivisionExpression)):
            return self._product(node)
        if not hasattr(node, "args") or node.is_variable_type():
            msg = f"not affine in the data: {node}"
            raise NotAffine(msg)
        if node.is_named_expression_type():
            return self._affine(node.expr)
        msg = f"not affine in the data: {node}"
        raise NotAffine(msg)

    def _product(self, node: Any) -> tuple[float, dict[int, float]]:  # noqa: ANN401 - Pyomo
        """A product or quotient with at most one factor that holds Params."""
        left, right = (self._affine(arg) for arg in node.args)
        if isinstance(node, DivisionExpression):
            if right[1] or right[0] == 0.0:
                msg = f"a division by data: {node}"
                raise NotAffine(msg)
            return _scaled(1.0 / right[0], left)
        if left[1] and right[1]:
            msg = f"a product of two data: {node}"
            raise NotAffine(msg)
        return _scaled(right[0], left) if left[1] else _scaled(left[0], right)


def _sum(rows: Iterable[tuple[float, dict[int, float]]]) -> tuple[float, dict[int, float]]:
    """Sum of affine rows."""
    const = 0.0
    slopes: dict[int, float] = {}
    for offset, more in rows:
        const += offset
        for index, slope in more.items():
            slopes[index] = slopes.get(index, 0.0) + slope
    return const, slopes


def _scaled(factor: float, row: tuple[float, dict[int, float]]) -> tuple[float, dict[int, float]]:
    """An affine row times a number."""
    return factor * row[0], {index: factor * slope for index, slope in row[1].items()}


def compile_site(site: SiteModel, step_s: tuple[int, ...]) -> CompiledSite:
    """Build the Pyomo model of `site` on this list of step lengths and compile it."""
    check_site(site, step_s)
    return compile_model(build(site, step_s), step_s, compile_key(site, step_s))


def compile_model(model: pe.ConcreteModel, step_s: tuple[int, ...], key: str) -> CompiledSite:
    """One walk over a model; CompileError names the component that is not linear or not affine."""
    columns, variables = _groups(model, pe.Var)
    parameters, leaves = _groups(model, pe.Param)
    rows, constraints = _groups(model, pe.Constraint)
    walk = _Walk(variables, {id(leaf): index for index, leaf in enumerate(leaves)})
    lower, upper = walk.bounds(variables)
    matrix_row, matrix_column, matrix, row_lower, row_upper = walk.matrix(constraints)
    return CompiledSite(
        key=key,
        step_s=tuple(step_s),
        columns=columns,
        rows=rows,
        parameters=parameters,
        costs=walk.costs(model),
        matrix_row=matrix_row,
        matrix_column=matrix_column,
        matrix=matrix,
        column_lower=lower,
        column_upper=upper,
        row_lower=row_lower,
        row_upper=row_upper,
        integers=_integers(variables),
    )


def _integers(variables: list[Any]) -> Places:
    """Columns that are not continuous."""
    return np.flatnonzero([not each.is_continuous() for each in variables]).astype(PLACE)


def _groups(model: pe.ConcreteModel, kind: type) -> tuple[Groups, list[Any]]:
    """Components of one kind as named runs, and their members in that order."""
    groups: Groups = {}
    members: list[Any] = []
    for component in model.component_objects(kind, active=None, descend_into=True):
        if kind is pe.Param and not component.mutable:
            continue
        items = list(component.values())
        name = _name(component)
        groups[name] = Group(name=name, start=len(members), size=len(items))
        members.extend(items)
    return groups, members


def _name(component: Any) -> str:  # noqa: ANN401 - Pyomo
    """`kind[id].name`, whatever the id is; Pyomo's own names quote one that holds a dot."""
    words = [component.local_name]
    block = component.parent_block()
    while block.parent_block() is not None:
        container = block.parent_component()
        words.append(
            container.local_name + (f"[{block.index()}]" if container.is_indexed() else "")
        )
        block = block.parent_block()
    return ".".join(reversed(words))


class _Walk:
    """The walk over one model with its numbering of variables and Params."""

    def __init__(self, variables: list[Any], parameter_index: dict[int, int]) -> None:
        self._parameters = parameter_index
        self._column = {id(variable): index for index, variable in enumerate(variables)}
        self._variables = {id(variable): variable for variable in variables}

    def _linear(self, expression: Any, name: str) -> Any:  # noqa: ANN401 - Pyomo
        """The linear representation; CompileError when there is a nonlinear rest."""
        if expression.__class__ in native_numeric_types:
            expression = pe.Expression(expr=expression, concrete=True)
        visitor = _LinearWalk(
            {}, wrt=[], var_recorder=VarRecorder(dict(self._variables), sorter=None)
        )
        representation = visitor.walk_expression(expression)
        if representation.nonlinear is not None:
            msg = f"{name} is not linear: {representation.nonlinear}"
            raise CompileError(msg)
        return representation

    def bounds(self, variables: list[Any]) -> tuple[AffineMap, AffineMap]:
        """Column bounds."""
        lower, upper = _Rows(self._parameters), _Rows(self._parameters)
        for variable in variables:
            lower.add((1.0, -math.inf if variable.lower is None else variable.lower))
            upper.add((1.0, math.inf if variable.upper is None else variable.upper))
        return lower.finish(), upper.finish()

    def matrix(self, constraints: list[Any]) -> tuple[Any, Any, AffineMap, AffineMap, AffineMap]:
        """Entries of the matrix sorted by column, and the row bounds."""
        lower, upper = _Rows(self._parameters), _Rows(self._parameters)
        entries: list[tuple[int, int, Any]] = []
        for row, constraint in enumerate(constraints):
            low, body, high = constraint.to_bounded_expression()
            linear = self._linear(body, constraint.name)
            lower.add((1.0, -math.inf if low is None else low), (-1.0, linear.constant))
            upper.add((1.0, math.inf if high is None else high), (-1.0, linear.constant))
            entries.extend((self._column[key], row, coef) for key, coef in linear.linear.items())
        entries.sort(key=lambda entry: entry[:2])
        values = _Rows(self._parameters)
        for _, _, coef in entries:
            values.add((1.0, coef))
        row_of = np.array([row for _, row, _ in entries], dtype=PLACE)
        column_of = np.array([column for column, _, _ in entries], dtype=PLACE)
        return row_of, column_of, values.finish(), lower.finish(), upper.finish()

    def costs(self, model: pe.ConcreteModel) -> Costs:
        """Cost entries of every part of the objective."""
        values = _Rows(self._parameters)
        part_of: list[int] = []
        column_of: list[int] = []
        for part, name in enumerate(COST_PARTS):
            linear = self._linear(model.cost[name], f"cost[{name}]")
            for column, coef in [
                (-1, linear.constant),
                *((self._column[key], coef) for key, coef in linear.linear.items()),
            ]:
                part_of.append(part)
                column_of.append(column)
                values.add((1.0, coef))
        return Costs(
            parts=COST_PARTS,
            part=np.array(part_of, dtype=PLACE),
            column=np.array(column_of, dtype=PLACE),
            value=values.finish(),
        )
