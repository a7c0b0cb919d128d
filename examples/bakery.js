// What a policy writes in the highs-js dialect: CPLEX LP text for highs-js.
const highs = await require('highs')();
const solution = highs.solve(`
Maximize
 income: 4 rye + 3 oat
Subject To
 oven: rye + oat <= 80
 flour: 2 rye + oat <= 100
General
 rye oat
End`);
report(solution.ObjectiveValue);
